import * as pulumi from "@pulumi/pulumi";
import type { ServiceSettings } from "../../config/settings.ts";

/** Replaces one replica at a time, each as soon as it is ready. */
const oneByOne = { maxSurge: "1", minReadySeconds: 0 };

/**
 * Arguments of a service's component on the platforms `docker` and `swarm`, without its image.
 *
 * @param sleepSeconds default of `shutdown.sleepSeconds`
 */
export function serviceArgs(settings: ServiceSettings, sleepSeconds: number) {
  const {
    source: _source,
    image: _image,
    builder: _builder,
    package: _package,
    platforms: _platforms,
    calls: _calls,
    network: _network,
    ingressClassName: _class,
    autoscaling: _autoscaling,
    gateway: _gateway,
    topologySpread: _spread,
    tls,
    rollout,
    shutdown,
    ...args
  } = settings;
  return {
    ...args,
    tls: tls && { redirect: tls.redirect },
    rollout: { ...oneByOne, ...rollout },
    shutdown: { sleepSeconds, ...shutdown },
    partOf: pulumi.getProject(),
  };
}
