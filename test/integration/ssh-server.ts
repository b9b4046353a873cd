import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { eventually } from "./checkout.ts";
import { installPackages, takesPackages } from "../../setup/debian-packages.ts";

const program = "/usr/sbin/sshd";

/** Whether this machine has Debian's package openssh-server. In CI it is installed if the installation starts no service. */
export async function hasSshServer(): Promise<boolean> {
  const isServiceStartDenied = existsSync("/usr/sbin/policy-rc.d");
  if (!existsSync(program) && process.env["CI"] && takesPackages && isServiceStartDenied) await installPackages("openssh-server");
  return existsSync(program);
}

/**
 * An OpenSSH server on 127.0.0.1 with a generated host key and user key. Programs that run with `env` log in with this machine's `ssh`,
 * which uses these keys only. The keys and the configuration of the current user are not touched.
 */
export class SshServer implements Disposable {
  readonly host: string;
  readonly env: Record<string, string>;
  private readonly folder = mkdtempSync(join(tmpdir(), "slipway-sshd-"));
  private readonly port: number;
  private child?: ChildProcess;

  constructor(port: number) {
    this.port = port;
    this.host = `ssh://${userInfo().username}@127.0.0.1:${port}`;
    const file = (name: string, content: string) => writeFileSync(join(this.folder, name), content);
    for (const key of ["host", "user"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(this.folder, key)]);
    copyFileSync(join(this.folder, "user.pub"), join(this.folder, "authorized_keys"));
    file("known_hosts", `[127.0.0.1]:${port} ${readFileSync(join(this.folder, "host.pub"), "utf8")}`);
    file(
      "sshd_config",
      `ListenAddress 127.0.0.1:${port}
HostKey ${this.folder}/host
AuthorizedKeysFile ${this.folder}/authorized_keys
AuthenticationMethods publickey
PidFile none
StrictModes no
UsePAM no
MaxStartups 100
`,
    );
    file(
      "ssh_config",
      `IdentityFile ${this.folder}/user
IdentitiesOnly yes
UserKnownHostsFile ${this.folder}/known_hosts
GlobalKnownHostsFile none
StrictHostKeyChecking yes
`,
    );
    // ssh reads no configuration from the environment, and ignores HOME: it uses the home folder in the system's user database.
    mkdirSync(join(this.folder, "bin"));
    file("bin/ssh", `#!/bin/sh\nexec /usr/bin/ssh -F ${this.folder}/ssh_config "$@"\n`);
    chmodSync(join(this.folder, "bin/ssh"), 0o755);
    this.env = { PATH: `${join(this.folder, "bin")}${delimiter}${process.env["PATH"]}` };
  }

  /** Starts the server and waits until it listens. */
  async start(): Promise<void> {
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 }); // the privilege separation folder of sshd
    const log = join(this.folder, "log");
    this.child = spawn(program, ["-D", "-f", join(this.folder, "sshd_config"), "-E", log], { stdio: "ignore" });
    await eventually(
      async () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
      (text) => text.includes(`Server listening on 127.0.0.1 port ${this.port}`),
    );
  }

  /** Number of logins so far. */
  logins(): number {
    return readFileSync(join(this.folder, "log"), "utf8").split("Accepted publickey").length - 1;
  }

  [Symbol.dispose](): void {
    this.child?.kill();
    rmSync(this.folder, { recursive: true });
  }
}
