import * as pulumi from "@pulumi/pulumi";
import type { JobSettings, ServiceSettings } from "../../config/settings.ts";
import { withoutImage } from "../../config/image-settings.ts";
import { rolloutOf, withTraefik } from "../platform.ts";

/** Replaces one replica at a time, each as soon as it is ready. */
const oneByOne = { maxSurge: "1", minReadySeconds: 0 };

/**
 * Defaults of a service on the platforms `docker` and `swarm`.
 *
 * @param sleepSeconds default of `shutdown.sleepSeconds`
 */
export function withDockerDefaults(service: ServiceSettings, sleepSeconds: number): ServiceSettings {
  return { ...withTraefik(service), rollout: rolloutOf(service, oneByOne), shutdown: { sleepSeconds, ...service.shutdown } };
}

/** Arguments of a service's component on the platforms `docker` and `swarm`, without its image. */
export function serviceArgs(settings: ServiceSettings) {
  const {
    after: _after,
    calls: _calls,
    network: _network,
    ingressClassName: _class,
    autoscaling: _autoscaling,
    gateway: _gateway,
    topologySpread: _spread,
    tls,
    ...args
  } = withoutImage(settings);
  return {
    ...args,
    tls: tls && { redirect: tls.redirect },
    partOf: pulumi.getProject(),
  };
}

/** Arguments of a job's component on the platforms `docker` and `swarm`, without its image. */
export function jobArgs(settings: JobSettings) {
  const { after: _after, calls: _calls, network: _network, ...args } = withoutImage(settings);
  return { ...args, partOf: pulumi.getProject() };
}
