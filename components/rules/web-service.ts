import type { WebServiceArgs } from "../web-service-args.ts";
import { collect, type Problem } from "../../lib/problem.ts";
import { resolve } from "../internal/web-service/spec.ts";
import { checkConfiguration } from "../internal/web-service/rules/configuration.ts";
import { checkExposure } from "../internal/web-service/rules/exposure.ts";
import { checkIdentity } from "../internal/web-service/rules/identity.ts";
import { checkLifecycle } from "../internal/web-service/rules/lifecycle.ts";
import { checkAccount, checkNetwork } from "../internal/web-service/rules/network.ts";
import { checkPlacement } from "../internal/web-service/rules/placement.ts";
import { checkPorts } from "../internal/web-service/rules/ports.ts";
import { checkResources } from "../internal/web-service/rules/resources.ts";
import { checkScaling } from "../internal/web-service/rules/scaling.ts";
import { checkSecurity } from "../internal/web-service/rules/security.ts";
import { checkVolumes } from "../internal/web-service/rules/volumes.ts";

export { publishedName } from "../internal/web-service/published-name.ts";
export { routeKey } from "../internal/web-service/rules/exposure.ts";

/**
 * What is wrong with the arguments of a WebService, as far as their values are known. The same rules apply to stack files and programs. They
 * reject what Kubernetes would reject later, and what it would accept although it cannot work.
 */
export function problemsWithWebService(name: string, args: WebServiceArgs): Problem[] {
  const spec = resolve(name, args);
  return collect((report) => {
    checkIdentity(name, args, report);
    checkSecurity(args, report);
    checkPorts(args, spec, report);
    checkScaling(args, spec, report);
    checkLifecycle(args, spec, report);
    checkResources(args, spec, report);
    checkPlacement(args, report);
    checkConfiguration(args, report);
    checkVolumes(args, spec, report);
    checkNetwork(args, spec, report);
    checkAccount(args, report);
    checkExposure(args, spec, report);
  });
}
