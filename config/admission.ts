import { collect, type Problem } from "../lib/problem.ts";
import { Platform } from "./schema/setting.ts";
import { AdmissionEngine } from "./schema/supply-chain.ts";
import type { Settings } from "./settings.ts";

/** policy-controller checks only signatures in the older format with keys. */
const onlyIdentities = "https://github.com/sigstore/policy-controller/issues/1958";

/** What contradicts `slipway:supplyChain.admission` in the settings. */
export function problemsWithAdmission({ platform, supplyChain }: Pick<Settings, "platform" | "supplyChain">): Problem[] {
  const { admission, require = [], identities = [], keys, sign } = supplyChain;
  if (admission === undefined) return [];
  const path = ["supplyChain", "admission"];
  return collect((report) => {
    report(
      path,
      platform !== Platform.Kubernetes &&
        `is only for the platform kubernetes, whose cluster may have such an engine (got platform ${platform}). Remove it`,
    );
    report(
      path,
      !require.includes("signature") &&
        "needs signature in supplyChain.require, which says what images must have. Add it, or remove admission",
    );
    if (admission.engine !== AdmissionEngine.PolicyController) return;
    const reason = `because policy-controller checks only signatures of identities (${onlyIdentities})`;
    report(["supplyChain", "identities"], identities.length === 0 && `must be set, ${reason}. Set them, or the engine kyverno`);
    report(["supplyChain", "keys"], keys !== undefined && `must be omitted, ${reason}. Remove them, or set the engine kyverno`);
    report(
      ["supplyChain", "sign"],
      sign !== undefined && sign.keyless === undefined && `must be keyless, ${reason}. Change it, or set the engine kyverno`,
    );
  });
}
