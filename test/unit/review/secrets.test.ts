import { secret, unknown, type Properties } from "../../../lib/values.ts";
import { isSecretName, Secrets } from "../../../review/preview/secrets.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const kubernetesSecret = "kubernetes:core/v1:Secret";
const anyType = "a:b:C";

/** What is shown of a text, after the secrets in some properties are known. */
function shown(text: string, properties: Properties, type = anyType, names: string[] = []): string {
  const secrets = new Secrets();
  secrets.learn(type, properties, names);
  return secrets.hideIn(text);
}

test.each([
  "password",
  "PASSWORD",
  "DB_PASSWORD",
  "passwd",
  "passphrase",
  "clientSecret",
  "token",
  "GITHUB_TOKEN",
  "credential",
  "credentials",
  "kubeconfig",
  "apiKey",
  "api_key",
  "api-key",
  "accessKey",
  "privateKey",
  "SECRET_KEY",
])("%s is the name of a secret", (name) => {
  expect(isSecretName(name)).toBe(true);
});

test.each(["", "secretName", "tokenPath", "automountServiceAccountToken2", "key", "publicKey", "passage", "monkey", "value"])(
  '"%s" is not the name of a secret',
  (name) => {
    expect(isSecretName(name)).toBe(false);
  },
);

describe("texts that are always secret:", () => {
  const token = "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl";
  test.each([
    ["a private key and all that follows it", "key: -----BEGIN PRIVATE KEY-----\nMIIE\nthe rest", "key: [secret]"],
    ["an encrypted EC key", "-----BEGIN EC PRIVATE KEY-----\nMIIE", "[secret]"],
    ["a JSON web token", `Bearer ${token}, sent`, "Bearer [secret], sent"],
    ["a JSON web token without signature", "Bearer eyJhbGciOiJI.eyJzdWIiOiIx.", "Bearer [secret]"],
    ["the password in a URL", "postgres://app:hunter22@db/app", "postgres://app:[secret]@db/app"],
    ["a password in a URL with signs that are not encoded", "postgres://app:p@ss/w0rd@db/app", "postgres://app:[secret]@db/app"],
    ["a password in a URL with a quote", `x://app:p"w@db`, "x://app:[secret]@db"],
    ["a password in a URL that is a number", "redis://:1234@db/0", "redis://:[secret]@db/0"],
    ["each in a list of URLs", "nats://a:b@h,nats://c:d/e@h", "nats://a:[secret]@h,nats://c:[secret]@h"],
    ["only the password of a URL in JSON", `{"a":"x://u:p/w@h","mail":"me@x.org"}`, `{"a":"x://u:[secret]@h","mail":"me@x.org"}`],
    ["the password in a URL without a user", "redis://:hunter22@db", "redis://:[secret]@db"],
    ["all of them in a text", "a://u:one@h b://u:two@h", "a://u:[secret]@h b://u:[secret]@h"],
    ...["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-"].map((prefix) => [
      `a token that starts with ${prefix}`,
      `use ${prefix}0123456789 now`,
      "use [secret] now",
    ]),
    ["an account of AWS", "arn:aws:iam::123456789012:role/web", "arn:aws:iam::<account>:role/web"],
  ])("%s", (_, text, expected) => {
    expect(new Secrets().hideIn(text)).toBe(expected);
  });

  test.each([
    "-----BEGIN CERTIFICATE-----\nMIIE",
    "-----BEGIN PUBLIC KEY-----\nMIIE",
    "eyJhbGci.eyJzdWIiOiIx.c2ln",
    "keyJhbGciOiJI.eyJzdWIiOiIx.c2ln",
    "https://db.example:5432/app",
    "https://app@db.example/app",
    "https://db.example/users/me@x.org",
    "https://db.example:5432/users/me@x.org",
    "https://db.example:/users/me@x.org",
    "http://[::1]:8080/users/me@x.org",
    "file:///C:/me@x.org and me@x.org",
    "web@sha256:0123456789",
    "ghp_012345678",
    "ghx_0123456789",
    "weighs_0123456789",
  ])("not %j", (text) => {
    expect(new Secrets().hideIn(text)).toBe(text);
  });
});

describe("a text that is secret in one place is hidden everywhere:", () => {
  test.each<[string, Properties]>([
    ["a value that is marked", { a: secret({ value: "open sesame" }) }],
    ["a value that is marked, in quotes", { a: secret({ plaintext: '"open sesame"' }) }],
    [
      "a value below a mark, beside others",
      { a: secret({ value: { port: 5432, empty: null, list: [unknown, { login: "open sesame" }] } }) },
    ],
    ["a property by its name", { spec: { password: "open sesame" } }],
    ["a variable by its name", { env: [null, "x", { name: "LEVEL", value: "info" }, { name: "DB_PASSWORD", value: "open sesame" }] }],
    ["the values of a variable by its name", { env: [{ name: "DB_PASSWORD", value: { value: "open sesame" } }] }],
    ["a value that is marked, in a map as JSON", { a: secret({ plaintext: '{"port":5432,"login":["open sesame"]}' }) }],
    ["a value that is marked in one that is marked", { a: secret({ value: [secret({ plaintext: '"open sesame"' })] }) }],
    ["a value that is marked, with white space around it", { a: secret({ plaintext: String.raw`" open sesame\n"` }) }],
    ["a value that is marked, as text that is no JSON", { a: secret({ plaintext: "open sesame" }) }],
    ["a list by its name", { token: ["open sesame"] }],
    ["a map by its name", { credentials: { user: "info", port: 5432, pass: "open sesame" } }],
    ["a map in a list by its name", { secret: [{ name: "info", value: "open sesame" }] }],
  ])("%s", (_, properties) => {
    expect(shown("say open sesame, port 5432, info", properties)).toBe("say [secret], port 5432, info");
  });

  test("the data of a Secret, in base64 and decoded", () => {
    const properties = { data: { login: base64("open sesame"), ca: base64("other") }, stringData: { user: "simsala" }, kind: "Secret" };
    expect(shown(`open sesame, ${base64("open sesame")}, simsala, a Secret`, properties, kubernetesSecret)).toBe(
      "[secret], [secret], [secret], a Secret",
    );
  });

  test.each(["kubernetes:core/v1:SecretList", "acme:kubernetes:core/v1:Secret", "kubernetes:core/v1:ConfigMap"])(
    "but not the data of a %s",
    (type) => {
      const properties = { data: { login: "open sesame" }, stringData: { user: "simsala" } };
      expect(shown("open sesame, simsala", properties, type)).toBe("open sesame, simsala");
      expect(new Secrets().hideOf(type, properties, [])).toEqual(properties);
    },
  );

  test("signs that JSON escapes, as they are and escaped", () => {
    const value = 'a "b" \\ c\n<d>&';
    const properties = { a: secret({ plaintext: JSON.stringify(value) }) };
    const go = JSON.stringify(value)
      .replaceAll("<", String.raw`\u003c`)
      .replaceAll(">", String.raw`\u003e`)
      .replaceAll("&", String.raw`\u0026`);
    expect(shown(`raw ${value}, JSON ${JSON.stringify(value)}, Go ${go}`, properties)).toBe(`raw [secret], JSON "[secret]", Go "[secret]"`);
  });

  test("a number of six digits or more", () => {
    expect(shown("12345678, 123456 and 12345", { password: 12345678, pin: secret({ plaintext: "123456" }), token: [12345] })).toBe(
      "[secret], [secret] and 12345",
    );
    const secrets = new Secrets();
    secrets.learn(anyType, { password: 12345678 }, []);
    expect(secrets.hide({ a: 12345678, b: 1234567 })).toEqual({ a: "[secret]", b: 1234567 });
  });

  test("but not ordinary values in a map with a secret name: names, references and short texts", () => {
    const volumes = [
      { name: "files", secret: { secretName: "web-secret", defaultMode: 420, items: [{ key: "TOKEN", path: "run/token" }] } },
    ];
    const sources = [{ serviceAccountToken: { audience: "sts.example", expirationSeconds: 3600, path: "run/token" } }];
    const references = {
      password: { name: "web-secret", key: "TOKEN" },
      tokenReviewer: { role: "reviewer" },
      secrets: [{ secretName: "web-secret" }],
    };
    const properties = { volumes, sources, references };
    const secrets = new Secrets();
    secrets.learn(anyType, { ...properties, credentials: { pass: "small" } }, []);
    expect(secrets.hide(properties)).toEqual(properties);
    expect(secrets.hideIn("small web-secret")).toBe("small web-secret");
  });

  test("in keys, but not words in them, because rules look for them", () => {
    const secrets = new Secrets();
    secrets.learn(anyType, { token: "hunter22", password: "kubernetes", apiKey: "spec" }, []);
    const value = { spec: { "app.kubernetes.io/name": 1, hunter22: 2, "of-hunter22": 3, kubernetes: 4, "x://u:pw@h": 5 } };
    expect(secrets.hide(value)).toEqual({
      spec: { "app.kubernetes.io/name": 1, "[secret]": 2, "of-[secret]": 3, kubernetes: 4, "x://u:[secret]@h": 5 },
    });
    expect(secrets.hideOf(anyType, { "pin-hunter22": { hunter22: 1 } }, ["pin-hunter22"])).toEqual({
      "pin-[secret]": { "[secret]": "[secret]" },
    });
  });

  test("secrets that are part of the text that replaces them", () => {
    expect(shown("[secret], secr, open sesame", { token: "secr", password: "open sesame", apiKey: "cret" })).toBe(
      "[secret], [secret], [secret]",
    );
  });

  test("secrets that overlap", () => {
    expect(shown("an abcdefgh", { token: ["abcdef", "cdefgh"] })).toBe("an [secret]");
    expect(shown("abcdefgh", { token: ["abcd", "efgh"] })).toBe("[secret][secret]");
  });

  test("a property that the resource declares secret", () => {
    expect(shown("open sesame as root", { login: ["open sesame"], user: "root" }, anyType, ["login"])).toBe("[secret] as root");
  });

  test("secrets of several resources", () => {
    const secrets = new Secrets();
    secrets.learn(anyType, { token: "open sesame" }, []);
    expect(secrets.hideIn("open sesame, simsala")).toBe("[secret], simsala");
    secrets.learn(anyType, { token: "simsala" }, []);
    expect(secrets.hideIn("open sesame, simsala")).toBe("[secret], [secret]");
  });

  test("a secret that starts with another secret is hidden as a whole", () => {
    expect(shown("hunter22 or hunter", { token: secret({ value: ["hunter", "hunter22"] }) })).toBe("[secret] or [secret]");
  });

  test("signs with a meaning in patterns are those signs", () => {
    const value = String.raw`a\b^c$d.e*f+g?h(i)j[k]l{m}n|o`;
    expect(shown(`say ${value} twice: ${value}`, { token: value })).toBe("say [secret] twice: [secret]");
    expect(shown("axbc abc", { token: "a.bc" })).toBe("axbc abc");
  });

  test("quotes within a secret are part of it", () => {
    expect(shown('say "please" now', { token: 'say "please"' })).toBe("[secret] now");
    expect(shown('say "please" now', { token: '"please" now' })).toBe("say [secret]");
    expect(shown('the "two\nlines"', { token: secret({ plaintext: '"two\nlines"' }) })).toBe('the "[secret]"');
  });

  test("but not in what it would be, if it were base64", () => {
    const unpadded = base64("path").replaceAll("=", "");
    expect(shown(`path ${unpadded}`, { token: unpadded })).toBe("path [secret]");
  });

  test("but not if it has less than four letters: it would match parts of words", () => {
    expect(shown("abcd abc", { token: "abc" })).toBe("abcd abc");
    expect(shown("abcd abc", { token: "abcd" })).toBe("[secret] abc");
  });

  test("but not a value that is not known yet", () => {
    expect(shown(`x ${unknown}`, { token: unknown })).toBe(`x ${unknown}`);
  });
});

describe("a value is hidden in place, even if it is too short to be hidden everywhere:", () => {
  const hide = (value: unknown, name?: string) => new Secrets().hide(value, name);

  test("one that is marked", () => {
    expect(hide({ a: secret({ value: "abc" }), b: [secret({ value: 1 })], c: "abc", d: 1, e: null, f: undefined, g: true })).toStrictEqual({
      a: "[secret]",
      b: ["[secret]"],
      c: "abc",
      d: 1,
      e: null,
      f: undefined,
      g: true,
    });
  });

  test("one with a secret name", () => {
    expect(hide("abc", "password")).toBe("[secret]");
    expect(hide("abc", "level")).toBe("abc");
    expect(hide(1, "password")).toBe("[secret]");
    expect(hide([1, "abc", null, true, [2]], "password")).toEqual(["[secret]", "[secret]", null, true, ["[secret]"]]);
    expect(hide({ key: "abc", at: { 0: "abc", name: "abc" } }, "token")).toEqual({ key: "[secret]", at: { 0: "[secret]", name: "abc" } });
    expect(hide({ items: [{ key: "abc", path: "abc", value: "abc" }] }, "secret")).toEqual({
      items: [{ key: "abc", path: "abc", value: "[secret]" }],
    });
    expect(hide({ spec: { password: "abc", level: "abc" } })).toEqual({ spec: { password: "[secret]", level: "abc" } });
  });

  test("the value of a variable or option of a container, which is hidden elsewhere too", () => {
    const secrets = new Secrets();
    const properties = {
      envs: ["DB_PASSWORD=hunter22", "PORT=8080", "TOKEN="],
      command: ["--api-key=a=b\nc", "-password", "password = x"],
    };
    secrets.learn(anyType, properties, []);
    expect(secrets.hide(properties)).toEqual({
      envs: ["DB_PASSWORD=[secret]", "PORT=8080", "TOKEN="],
      command: ["--api-key=[secret]", "-password", "password = x"],
    });
    expect(secrets.hideIn("login with hunter22 failed")).toBe("login with [secret] failed");
  });

  test("the value of a variable with a secret name", () => {
    const env = [null, "abc", { name: "TOKEN", value: "abc", note: "abc" }, { name: "LEVEL", value: "abc" }, { value: "abc" }];
    expect(hide({ env })).toEqual({
      env: [null, "abc", { name: "TOKEN", value: "[secret]", note: "abc" }, { name: "LEVEL", value: "abc" }, { value: "abc" }],
    });
  });

  test("one that the resource declares secret, at any depth", () => {
    const properties = { pin: 1234, list: [1, null, { a: "abc" }], empty: null, marked: secret({ value: "abc" }), other: "abc" };
    expect(new Secrets().hideOf(anyType, properties, ["pin", "list", "empty", "marked", "missing"])).toStrictEqual({
      pin: "[secret]",
      list: ["[secret]", "[secret]", { a: "[secret]" }],
      empty: "[secret]",
      marked: "[secret]",
      other: "abc",
    });
  });

  test("the data of a Secret, of which the keys are shown", () => {
    const properties = { data: { login: "YWJj" }, stringData: { user: "abc" }, metadata: { name: "abc" } };
    expect(new Secrets().hideOf("kubernetes:core/v1:Secret", properties, [])).toStrictEqual({
      data: { login: "[secret]" },
      stringData: { user: "[secret]" },
      metadata: { name: "abc" },
    });
    expect(new Secrets().hideOf(kubernetesSecret, { data: secret({ value: {} }) }, [])).toStrictEqual({ data: "[secret]" });
  });
});

describe("the data of a Swarm config", () => {
  const type = "docker:index/serviceConfig:ServiceConfig";

  test("is decoded, and secrets in it are hidden", () => {
    const secrets = new Secrets();
    secrets.learn(anyType, { token: "open sesame" }, []);
    const data = base64("url: redis://:hunter22@db\nlogin: open sesame\n");
    expect(secrets.hideOf(type, { name: "web", data }, [])).toEqual({
      name: "web",
      data: "url: redis://:[secret]@db\nlogin: [secret]\n",
    });
  });

  test.each<[string, Properties, Properties]>([
    ["is hidden if it is marked", { data: secret({ value: base64("text") }) }, { data: "[secret]" }],
    ["stays unknown if it is not known yet", { data: unknown }, { data: unknown }],
    ["may be missing", { name: "web" }, { name: "web" }],
  ])("%s", (_, properties, expected) => {
    expect(new Secrets().hideOf(type, properties, [])).toStrictEqual(expected);
  });

  test("is the only data that is decoded", () => {
    expect(new Secrets().hideOf("docker:index/secretConfig:SecretConfig", { data: base64("text") }, [])).toEqual({ data: base64("text") });
  });
});
