import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineProject } from "../../engine-project.ts";

const image = `registry.example/web@sha256:${"0".repeat(64)}`;

const defaults = `defaults:
  services: { "*": { replicas: 4, resources: { memory: 96Mi } } }
locks:
  - { path: services.*.shutdown.drainSeconds, value: 30, reason: "OPS-7: clients have 30 s" }
`;

/** A project with this program and the defaults of a platform team, whose stack has one service. */
function projectWith(service: string): EngineProject {
  const project = new EngineProject(
    `config:\n  slipway:extends: ./platform\n  slipway:services: { web: { image: "${image}", ${service} } }\n`,
  );
  mkdirSync(join(project.folder, "platform"));
  writeFileSync(join(project.folder, "platform/slipway.yaml"), defaults);
  project.write(`const { default: slipway } = await import("${resolve("index.ts")}"); return slipway({ checked: false });`);
  return project;
}

test("a preview has the defaults and locked values that the stack extends", async () => {
  using project = projectWith("port: 9000");
  type Step = {
    urn: string;
    newState: {
      inputs: { spec?: { replicas: number; template: { spec: { containers: object[]; terminationGracePeriodSeconds: number } } } };
    };
  };
  const { steps, diagnostics } = JSON.parse((await project.run("plan")).out) as { steps: Step[]; diagnostics: object[] };
  expect(diagnostics).toEqual([]);
  const { replicas, template } = steps.find(({ urn }) => urn.endsWith("apps/v1:Deployment::web"))!.newState.inputs.spec!;
  expect(replicas).toBe(4);
  expect(template.spec.containers[0]).toMatchObject({
    ports: [{ containerPort: 9000 }],
    resources: { requests: { memory: "96Mi" } },
  });
  expect(template.spec.terminationGracePeriodSeconds).toBe(5 + 30 + 5);
});

test("a preview of a stack that contradicts a lock fails with its reason, and down needs no valid stack", async () => {
  using project = projectWith("shutdown: { drainSeconds: 60 }");
  const { code, out } = await project.run("preview");
  expect(code).toBe(1);
  expect(out).toContain(
    [
      'The configuration of stack "test" is invalid. In stacks/Pulumi.test.yaml:',
      '      - slipway:services.web.shutdown.drainSeconds: must be 30 (got 60). platform/slipway.yaml locks it: "OPS-7: clients have 30 s". Remove it.',
    ].join("\n"),
  );
  expect((await project.run("down")).code).toBe(0);
});
