import * as pulumi from "@pulumi/pulumi";
import type { JobSettings, ServiceSettings } from "../../config/settings.ts";
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
    source: _source,
    image: _image,
    builder: _builder,
    package: _package,
    platforms: _platforms,
    dockerfile: _dockerfile,
    build: _build,
    after: _after,
    calls: _calls,
    network: _network,
    ingressClassName: _class,
    autoscaling: _autoscaling,
    gateway: _gateway,
    topologySpread: _spread,
    tls,
    ...args
  } = settings;
  return {
    ...args,
    tls: tls && { redirect: tls.redirect },
    partOf: pulumi.getProject(),
  };
}

/** Arguments of a job's component on the platforms `docker` and `swarm`, without its image. */
export function jobArgs(settings: JobSettings) {
  const {
    source: _source,
    image: _image,
    builder: _builder,
    dockerfile: _dockerfile,
    build: _build,
    package: _package,
    platforms: _platforms,
    after: _after,
    calls: _calls,
    network: _network,
    nodeSelector,
    ...args
  } = settings;
  return { ...args, nodeSelector, partOf: pulumi.getProject() };
}
