import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** A self-signed certificate for a host and its key, as PEM. */
export function selfSigned(host: string): { certificate: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), "slipway-tls-"));
  const names = ["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "certificate.pem")];
  const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  try {
    execFileSync("openssl", ["req", "-x509", ...algorithm, ...names, ...files], { stdio: "ignore" });
    return { certificate: readFileSync(join(folder, "certificate.pem"), "utf8"), key: readFileSync(join(folder, "key.pem"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A private certificate authority, and the certificate of a server at an IP address that it has signed, with its key, as PEM. */
export function signedFor(ip: string): { authority: string; certificate: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), "slipway-tls-"));
  const at = (file: string) => join(folder, file);
  const create = (name: string, more: string[]) => {
    const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const files = ["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)];
    execFileSync("openssl", ["req", "-x509", ...algorithm, "-subj", `/CN=${name}`, ...files, ...more], { stdio: "ignore" });
  };
  try {
    create("authority", []);
    const extensions = ["-addext", `subjectAltName=IP:${ip}`, "-addext", "basicConstraints=critical,CA:FALSE"];
    create("server", ["-CA", at("authority.pem"), "-CAkey", at("authority.key"), ...extensions]);
    const [authority, certificate, key] = ["authority.pem", "server.pem", "server.key"].map((file) => readFileSync(at(file), "utf8"));
    return { authority: authority!, certificate: certificate!, key: key! };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Sends a request that trusts only one certificate. Rejects if the host presents another. */
export function getOverTls(host: string, port: number, certificate: string): Promise<string> {
  const options = { host: "127.0.0.1", port, servername: host, headers: { host }, ca: certificate, agent: false, timeout: 5000 };
  return new Promise((done, failed) => {
    get(options, (response) => void text(response).then(done, failed)).on("error", failed);
  });
}
