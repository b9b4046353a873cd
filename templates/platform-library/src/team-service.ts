import * as pulumi from "@pulumi/pulumi";
import { WebService, type WebServiceArgs } from "slipway/components";

/** The same for all services. A new version of this package changes it for all of them. */
const conventions = {
  domain: "apps.example.org",
  ingressClass: "traefik",
  clusterIssuer: "letsencrypt",
  /** Takes traces and metrics over OTLP. */
  collector: { address: "10.0.0.10", port: 4318 },
};

/** What a team decides about its service. */
export interface TeamServiceArgs extends Pick<WebServiceArgs, "image" | "namespace" | "replicas" | "env" | "secretEnv" | "resources"> {
  /** The team that runs the service: the label `app.kubernetes.io/part-of`. */
  team: string;
}

/**
 * A service with HTTPS at `<name>.apps.example.org` that sends its telemetry to the collector.
 *
 * @example
 * new TeamService("shop", { team: "checkout", image: image.ref }, { provider });
 */
export class TeamService extends pulumi.ComponentResource {
  /** Where users reach the service. */
  declare readonly url: pulumi.Output<string>;

  constructor(name: string, { team, env, ...args }: TeamServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("${PROJECT}:index:TeamService", name, {}, opts);
    const { domain, ingressClass, clusterIssuer, collector } = conventions;
    const host = `${name}.${domain}`;
    new WebService(
      name,
      {
        ...args,
        partOf: team,
        host,
        ingressClassName: ingressClass,
        tls: { clusterIssuer },
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector.address}:${collector.port}`, ...env },
        network: { destinations: [{ cidr: `${collector.address}/32`, ports: [collector.port] }] },
      },
      { parent: this },
    );
    this.url = pulumi.output(`https://${host}/`);
    this.registerOutputs({ url: this.url });
  }
}
