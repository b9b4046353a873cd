import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface TlsCertificateArgs {
  /** Host names that it is for; one leading `*.` stands for any. At least one. */
  hosts: string[];
  /** Id of the public hosted zone of Route 53 that they are in. */
  zoneId: pulumi.Input<string>;
  /** @default - none. */
  tags?: Record<string, string>;
}

/**
 * A certificate of AWS Certificate Manager that proves by records in Route 53 that the host names are yours, and renews itself
 * as long as they stay there, https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html.
 *
 * @example
 * new TlsCertificate("web", { hosts: ["web.example.org"], zoneId: "Z0123456789ABCDEFGHIJ" });
 */
export class TlsCertificate extends pulumi.ComponentResource {
  /** ARN of the certificate, once it is valid. */
  declare readonly arn: pulumi.Output<string>;

  constructor(name: string, args: TlsCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:TlsCertificate", name, {}, opts);
    const { zoneId, tags } = args;
    const [domainName = "", ...subjectAlternativeNames] = [...new Set(args.hosts)];
    const certificate = new aws.acm.Certificate(
      name,
      { domainName, subjectAlternativeNames, validationMethod: "DNS", keyAlgorithm: "EC_prime256v1", tags },
      { parent: this },
    );
    // A name and all names below it are proven by the same record.
    const names = new Set([domainName, ...subjectAlternativeNames].map((host) => host.replace(/^\*\./, "")));
    const records = [...names].map((host) => {
      const proof = certificate.domainValidationOptions.apply((all) =>
        all.find((option) => option.domainName.replace(/^\*\./, "") === host)!,
      );
      const { resourceRecordName, resourceRecordType, resourceRecordValue } = proof;
      return new aws.route53.Record(
        `${name}-${host}`,
        {
          zoneId,
          name: resourceRecordName,
          type: resourceRecordType,
          records: [resourceRecordValue],
          ttl: 300,
          // Other certificates of the account for the name are proven by it as well.
          allowOverwrite: true,
        },
        { parent: this },
      );
    });
    const validation = new aws.acm.CertificateValidation(
      name,
      { certificateArn: certificate.arn, validationRecordFqdns: records.map(({ fqdn }) => fqdn) },
      { parent: this, customTimeouts: { create: "15m" } },
    );
    this.arn = validation.certificateArn;
    this.registerOutputs({ arn: this.arn });
  }
}
