import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Arguments of `TlsCertificate`. */
export interface TlsCertificateArgs {
  /** At least one host name. A leading `*.` matches one label. */
  hosts: string[];
  /** Id of the public Route 53 hosted zone that contains the host names. */
  zoneId: pulumi.Input<string>;
  /** Tags of the certificate. @default - none. */
  tags?: Record<string, string>;
}

/**
 * An AWS Certificate Manager (ACM) certificate, validated by records in Route 53. AWS renews it as long as the records exist,
 * https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html.
 *
 * @example
 * new TlsCertificate("web", { hosts: ["web.example.org"], zoneId: "Z0123456789ABCDEFGHIJ" });
 */
export class TlsCertificate extends pulumi.ComponentResource {
  /** ARN of the certificate, available once it is issued. */
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
    // A domain and its wildcard are validated by the same record.
    const names = new Set([domainName, ...subjectAlternativeNames].map((host) => host.replace(/^\*\./, "")));
    const records = [...names].map((host) => {
      const challenge = certificate.domainValidationOptions.apply((all) =>
        all.find((option) => option.domainName.replace(/^\*\./, "") === host)!,
      );
      const { resourceRecordName, resourceRecordType, resourceRecordValue } = challenge;
      return new aws.route53.Record(
        `${name}-${host}`,
        {
          zoneId,
          name: resourceRecordName,
          type: resourceRecordType,
          records: [resourceRecordValue],
          ttl: 300,
          // Other certificates of this account for the same domain use the same record.
          allowOverwrite: true,
        },
        // For the same reason it stays when this certificate is deleted.
        { parent: this, retainOnDelete: true },
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
