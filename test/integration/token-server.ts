import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { selfSigned } from "./tls.ts";

/** A server that gives tokens for a registry: https://distribution.github.io/distribution/spec/auth/token/ */
export interface TokenServer extends AsyncDisposable {
  realm: string;
  /** The certificate, as PEM, whose key signs the tokens. */
  certificate: string;
  /** The tokens that it has given: the user and the scopes. */
  granted: string[];
}

/**
 * Starts a token server on a loopback address, as registries of companies have one.
 *
 * @param rights What each user may do in every repository, such as `pull,push`. All have the password pa55word.
 */
export async function startTokenServer(service: string, rights: Record<string, string>): Promise<TokenServer> {
  const { certificate, key } = selfSigned("tokens.example");
  const granted: string[] = [];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url!, "http://tokens.example");
    const [user = "", password] = Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64")
      .toString()
      .split(":");
    const allowed = rights[user]?.split(",");
    if (password !== "pa55word" || allowed === undefined) return void response.writeHead(401).end();
    const scopes = searchParams
      .getAll("scope")
      .flatMap((scope) => scope.split(" "))
      .filter(Boolean);
    granted.push(`${user} ${scopes.join(" ")}`);
    const access = scopes.map((scope) => {
      const [type, name, actions = ""] = scope.split(":");
      return { type, name, actions: actions.split(",").filter((action) => allowed.includes(action)) };
    });
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: "slipway-test", sub: user, aud: service, exp: now + 300, nbf: now - 10, iat: now, jti: randomUUID(), access };
    const x5c = [new X509Certificate(certificate).raw.toString("base64")];
    const parts = [{ typ: "JWT", alg: "ES256", x5c }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const signature = sign("sha256", Buffer.from(parts.join(".")), { key: createPrivateKey(key), dsaEncoding: "ieee-p1363" });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ token: [...parts, signature.toString("base64url")].join("."), expires_in: 300 }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    // go-containerregistry rejects private addresses, but no host names.
    realm: `http://localhost:${(server.address() as AddressInfo).port}/token`,
    certificate,
    granted,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
