import { isLoopback } from "../../../lib/loopback.ts";
import { Severity, type PolicyRule, type Resource } from "../rule.ts";

const dynamic = (kind: string) => `pulumi-nodejs:dynamic/slipway:${kind}`;
const [push, attestations, secretBuild] = ["RegistryPush", "ImageAttestations", "SecretBuild"].map(dynamic) as [string, string, string];
const dockerImage = "docker:index/image:Image";

/** What is attached to an image, such as `sbom provenance signature …`; empty if nothing is. */
function attachedTo({ type, name, inputs }: Resource, others: Resource[]): string[] {
  // What Docker builds has its attestations from another resource, or none.
  const from = type === push ? inputs : others.find((other) => other.type === attestations && other.name === name)?.inputs;
  return String(from?.attestations ?? "").split(" ");
}

/** Nobody else pulls from a registry on this machine. An address that only an update knows is of another machine. */
function isHere({ inputs: { repository, imageName } }: Resource): boolean {
  return isLoopback(String(repository ?? imageName ?? "").split("/")[0]!);
}

/** A copy is attested where it was built. */
const isCopy = ({ urn }: Resource) => urn.includes("slipway:index:ImageCopy$");

const rules: PolicyRule[] = [
  {
    id: "image-attested",
    severity: Severity.Warning,
    types: [push, dockerImage, secretBuild],
    inStack: true,
    check: (resource, others) => {
      const attached = attachedTo(resource, others);
      const missing = [!attached.includes("sbom") && "bill of materials", !attached.includes("provenance") && "provenance"].filter(Boolean);
      return missing.length > 0 && `pushes an image without ${missing.join(" and ")}`;
    },
    remedy: "Remove sbom and provenance from supplyChain.attest: both are attached by default.",
    reference: "https://slsa.dev/spec/v1.2/build-track-basics",
  },
  {
    id: "image-signed",
    severity: Severity.Warning,
    types: [push, dockerImage, secretBuild],
    inStack: true,
    check: (resource, others) => !attachedTo(resource, others).includes("signature") && "pushes an image that is not signed",
    remedy: "Run slipway keys create and set supplyChain.sign, and let supplyChain.require ask for it.",
    reference: "https://docs.sigstore.dev/cosign/signing/signing_with_containers/",
  },
];

/** Rules for images that are built and pushed for others. */
export const imageRules = rules.map((rule) => ({ ...rule, except: (resource: Resource) => isHere(resource) || isCopy(resource) }));
