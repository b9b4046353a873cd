import { authoritiesIn } from "../../config/registry-access.ts";
import { logIn, type LoginAnswer } from "../../lib/registry-client.ts";
import { UserError } from "../../lib/user-error.ts";
import type { GivenLogin } from "./ask.ts";

/** A login that succeeded. */
export interface LoginResult {
  /** Whether the registry has checked the credentials. One that asks for none has not. */
  checked: boolean;
  storedIn: string;
}

/** A host, with a port if wanted. */
const host = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:\d+)?$/i;

/**
 * Checks credentials with a registry and stores them.
 *
 * @throws UserError with the remedy. Nothing is stored then.
 */
export async function loginTo(
  registry: string,
  { username, password }: GivenLogin,
  { ca, plainHttp }: { ca: string | undefined; plainHttp: boolean },
): Promise<LoginResult> {
  if (!host.test(registry))
    throw new UserError(`The registry must be a host such as ghcr.io, without a scheme and a path (got "${registry}"). Correct it.`);
  const certificates = ca === undefined ? undefined : authoritiesIn(ca);
  if (ca !== undefined && certificates === undefined)
    throw new UserError(`--ca: must be a file with certificates in PEM form (got "${ca}"). Correct the path.`);
  const answer = await logIn(registry, username, password, { ...(certificates !== undefined && { ca: certificates }), plainHttp });
  if (answer.problem !== undefined) throw new UserError(`${registry}: ${problemWith(answer)} Nothing was stored.`);
  return { checked: answer.checked ?? false, storedIn: answer.storedIn };
}

function problemWith({ problem, message }: Exclude<LoginAnswer, { problem?: undefined }>): string {
  switch (problem) {
    case "unauthorized":
      return "the registry rejects the user or the password. Enter them again; some registries want a token in place of the password.";
    case "unknownHost":
      return "the host name is unknown. Correct it, or connect to its network or VPN.";
    case "untrusted":
      return "its certificate is not signed for it by an authority that this machine trusts. Use --ca with the file of the authority's certificate.";
    case "plainHttp":
      return "it answers without TLS. Use --plain-http if its network is safe.";
    case "store":
      return `the credentials were accepted, but cannot be stored (${message}). Correct Docker's configuration.`;
    default:
      return `it cannot be asked (${message}). Make sure that this machine reaches it, and that it is a registry.`;
  }
}
