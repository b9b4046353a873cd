import { TlsCertificate } from "../../../components/tls-certificate.ts";
import { optionsOf, record, settle, tree, type Recorded } from "../harness.ts";

const hosts = ["web.example.org", "*.web.example.org", "*.example.net"];
const outputs = {
  "aws:acm/certificate:Certificate": ({ inputs }: Recorded) => ({
    arn: "arn:aws:acm:eu-central-1:111122223333:certificate/1",
    domainValidationOptions: [inputs.domainName, ...inputs.subjectAlternativeNames].map((domainName: string) => ({
      domainName,
      resourceRecordName: `_proof.${domainName.replace("*.", "")}.`,
      resourceRecordType: "CNAME",
      resourceRecordValue: "_value.acm-validations.aws.",
    })),
  }),
  "aws:route53/record:Record": ({ inputs }: Recorded) => ({ fqdn: inputs.name }),
};
const build = (preview = false) =>
  record(() => new TlsCertificate("web", { hosts: [...hosts, hosts[0]!], zoneId: "Z1", tags: { team: "a" } }), { outputs, preview });

test("the resources are a certificate, a validation record for each domain and its wildcard, and the validation", async () => {
  const { urns } = await build();
  const child = "slipway:index:TlsCertificate$aws";
  expect(tree(urns)).toEqual([
    "slipway:index:TlsCertificate web",
    `${child}:acm/certificate:Certificate web`,
    `${child}:acm/certificateValidation:CertificateValidation web`,
    `${child}:route53/record:Record web-example.net`,
    `${child}:route53/record:Record web-web.example.org`,
  ]);
});

test("a validation record stays when the certificate is deleted, because those of other stacks use the same one", async () => {
  const create = () => new TlsCertificate("web", { hosts: ["web.example.org"], zoneId: "Z1" });
  const options = await optionsOf(create, { outputs });
  expect(options["Record web-web.example.org"]!.retainOnDelete).toBe(true);
  expect(options["Certificate web"]!.retainOnDelete).toBe(false);
});

test("the records are the ones that AWS requires, and the output is the ARN of the validated certificate", async () => {
  const { resources, result } = await build();
  const inputsOf = (kind: string) => resources.filter((r) => r.type.endsWith(`:${kind}`)).map((r) => r.inputs);
  expect(inputsOf("Certificate")).toEqual([
    {
      domainName: "web.example.org",
      subjectAlternativeNames: ["*.web.example.org", "*.example.net"],
      validationMethod: "DNS",
      keyAlgorithm: "EC_prime256v1",
      tags: { team: "a" },
    },
  ]);
  const names = ["_proof.web.example.org.", "_proof.example.net."];
  const proof = { zoneId: "Z1", type: "CNAME", records: ["_value.acm-validations.aws."], ttl: 300, allowOverwrite: true };
  expect(inputsOf("Record")).toEqual(names.map((name) => ({ ...proof, name })));
  const certificateArn = "arn:aws:acm:eu-central-1:111122223333:certificate/1";
  expect(inputsOf("CertificateValidation")).toEqual([{ certificateArn, validationRecordFqdns: names }]);
  expect(await settle(result.arn)).toEqual({ value: certificateArn, secret: false });
});

test("a preview, in which outputs are unknown, registers the same resources", async () => {
  expect((await build(true)).urns).toHaveLength(5);
});
