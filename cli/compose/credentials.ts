/** A value of a stack file that is encrypted in it. */
export class Secret {
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}

/** Names of variables, arguments and options whose values are secret: POSTGRES_PASSWORD, DB_PASS, MYSQL_PWD, API_KEY, masterkey. */
const secretName =
  /(^|[_-])pass\d*$|pass(word|wd|phrase|code)\d*$|(^|_)pwd$|secret|token|credential|(^|[_-])(api|access|private|master|encryption|signing|auth|secret)?[_-]?key(s|_base)?$|masterkey$|salt$|(^|_)auth$|(^|_)dsn$|_passw(or)?d_|requirepass$|passw(or)?d$/i;

/** Settings about secrets that are none themselves: MYSQL_RANDOM_ROOT_PASSWORD=true, PASSWORD_FILE, TOKEN_TTL=3600, a path. */
const harmlessValue = /^(|true|false|yes|no|on|off|[0-9]|\d+(s|m|h|d|ms)|\/[\w./-]*)$/i;

/** A password in a URL, a private key, a JSON web token, `password: "…"` in a file. */
const secretValue =
  /:\/\/[^\s/:@]*:[^\s@]+@|-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[\w-]{8,}\.[\w-]{8,}\.|\b(password|passwd|pwd)["']?\s*[:=]\s*(["'])[^"'\s${}]{4,}\2/i;

/** Options of commands that are followed by a secret: `--requirepass x`, `--masterkey=x`. */
const option = /^--?([\w-]+)(?:=(.*))?$/s;

export function isSecretVariable(name: string, value: string | null): boolean {
  return value !== null && !/_(FILE|PATH)$/.test(name) && secretName.test(name) && !harmlessValue.test(value);
}

/** Knows which values of a Compose file are secret. */
export class Credentials {
  private readonly values = new Set<string>();

  /** Learns a value that is secret because of its name. Short ones and words such as `postgres` would be found everywhere. */
  learn(value: string): void {
    if (value.length >= 4 && !/^[a-z]+$/.test(value)) this.values.add(value);
  }

  /** Whether a text is secret: by itself, or because it contains a value that is secret elsewhere. */
  isIn(text: string): boolean {
    return secretValue.test(text) || [...this.values].some((value) => text === value || (value.length >= 6 && text.includes(value)));
  }

  /** Arguments of a command, with those that are secret marked. */
  markArguments(list: string[]): (string | Secret)[] {
    return list.map((text, i) => {
      const [, name, value] = option.exec(text) ?? [];
      const isAssigned = name !== undefined && value !== undefined && secretName.test(name) && !harmlessValue.test(value);
      const [, before] = option.exec(list[i - 1] ?? "") ?? [];
      const follows =
        before !== undefined &&
        !list[i - 1]!.includes("=") &&
        secretName.test(before) &&
        !text.startsWith("-") &&
        !harmlessValue.test(text);
      return isAssigned || follows || this.isIn(text) ? new Secret(text) : text;
    });
  }
}
