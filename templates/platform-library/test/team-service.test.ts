import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { TeamService } from "../src/index.ts";

test("a service has HTTPS below the domain, and reaches the collector only", async () => {
  const objects = await registered(
    () => new TeamService("shop", { team: "checkout", image: `registry.example/shop@sha256:${"0".repeat(64)}` }),
  );
  const { Deployment, Ingress, NetworkPolicy } = objects;
  assert.equal(Deployment.metadata.labels["app.kubernetes.io/part-of"], "checkout");
  assert.deepEqual(Ingress.spec.tls, [{ hosts: ["shop.apps.example.org"], secretName: "shop-tls" }]);
  assert.equal(Ingress.metadata.annotations["cert-manager.io/cluster-issuer"], "letsencrypt");
  const [{ env, securityContext }] = Deployment.spec.template.spec.containers;
  assert.deepEqual(
    env.find(({ name }: { name: string }) => name === "OTEL_EXPORTER_OTLP_ENDPOINT"),
    { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: "http://10.0.0.10:4318" },
  );
  assert.equal(securityContext.readOnlyRootFilesystem, true);
  const [, ...destinations] = NetworkPolicy.spec.egress; // the first is DNS
  assert.deepEqual(destinations, [{ to: [{ ipBlock: { cidr: "10.0.0.10/32" } }], ports: [{ protocol: "TCP", port: 4318 }] }]);
});

/** The inputs of the Kubernetes objects that a program registers, by kind. https://www.pulumi.com/docs/iac/guides/testing/unit/ */
async function registered(program: () => unknown): Promise<Record<string, any>> {
  const objects: Record<string, unknown> = {};
  await pulumi.runtime.setMocks({
    newResource({ type, name, inputs }) {
      objects[type.split(":").at(-1)!] = inputs;
      return { id: name, state: inputs };
    },
    call: () => ({}),
  });
  program();
  await pulumi.runtime.disconnect(); // waits until everything is registered
  return objects;
}
