import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

// A web page that the user visits can send requests to this server, but it cannot choose their Host and Origin headers, nor read the token.

/** Why a request is rejected. */
export interface Rejection {
  status: 401 | 403;
  message: string;
}

export class Guard {
  /** For the URL that is printed. 256 bits. */
  readonly token = randomBytes(32).toString("base64url");
  private readonly hosts: string[];
  private readonly expected: Buffer;

  /** @param port The port that the server listens on. */
  constructor(port: number) {
    this.hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
    this.expected = digest(this.token);
  }

  /** Undefined if a browser or program on this machine has sent the request to this server. A page of another origin has not. */
  rejectForeign({ headers }: Pick<IncomingMessage, "headers">): Rejection | undefined {
    const { host = "", origin, "sec-fetch-site": site, "sec-fetch-mode": mode } = headers;
    // Otherwise a page could reach this server by a name that it makes lead to 127.0.0.1 (DNS rebinding).
    if (!this.hosts.includes(host)) return { status: 403, message: `Host: must be one of ${this.hosts.join(", ")}.` };
    if (origin !== undefined && !this.hosts.includes(origin.replace(/^http:\/\//, "")))
      return { status: 403, message: "Origin: is not this dashboard." };
    // A link to the page may be anywhere.
    if (mode !== "navigate" && (site === "cross-site" || site === "same-site"))
      return { status: 403, message: "Sec-Fetch-Site: is not this dashboard." };
    return undefined;
  }

  /** Undefined if the request has the token. It is no cookie: browsers send those to all ports of a host. */
  rejectUnknown({ headers }: Pick<IncomingMessage, "headers">): Rejection | undefined {
    const [, given = ""] = /^Bearer (.+)$/.exec(headers.authorization ?? "") ?? [];
    if (timingSafeEqual(digest(given), this.expected)) return undefined;
    return { status: 401, message: "The token is missing or wrong. Open the URL that slipway dashboard has printed." };
  }

  /** Undefined if no browser has sent the request. OTLP exporters have no token. */
  rejectBrowsers({ headers }: Pick<IncomingMessage, "headers">): Rejection | undefined {
    const sent = ["origin", "sec-fetch-site", "referer"].find((name) => headers[name] !== undefined);
    return sent === undefined ? undefined : { status: 403, message: `${sent}: is not allowed, because web pages must not send telemetry.` };
  }
}

/** Digests have the same length, as the comparison needs. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
