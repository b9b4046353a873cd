import { inDevelopment } from "../../../components/development.ts";
import type { WebServiceArgs } from "../../../components/web-service-args.ts";

const developed = (args: Omit<WebServiceArgs, "image">) => inDevelopment("web", args);

test("the helper runs the program of one replica, with memory for two programs", () => {
  expect(developed({ replicas: 3, maxUnavailable: 2, env: { GREETING: "hi" } })).toEqual({
    replicas: 1,
    command: ["/.slipway/helper", "dev", "-port=8080", "-ready=/readyz", "-control=41954", "-telemetry=4318", "--", "/app"],
    resources: { memoryLimit: "192Mi" },
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_SERVICE_NAME: "web",
      GREETING: "hi",
    },
  });
});

test("autoscaling is off, and other resources stay", () => {
  const { autoscaling, replicas, resources } = developed({
    autoscaling: { maxReplicas: 5 },
    resources: { cpu: "200m", memory: "128Mi" },
  });
  expect([autoscaling, replicas, resources]).toEqual([undefined, 1, { cpu: "200m", memory: "128Mi", memoryLimit: "320Mi" }]);
});

const flags = (args: Omit<WebServiceArgs, "image">) => developed(args).command!.slice(2);

test.each([
  ["further ports", { ports: { metrics: 9090 } }],
  ["a port that is published by its name", { ports: { mqtt: 1883 }, publish: { mqtt: { port: 1883 } } }],
  ["a persistent volume", { volumes: { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } } }],
] as [string, Omit<WebServiceArgs, "image">][])("with %s, two programs never run at the same time", (_what, args) => {
  expect(flags(args)).toEqual(["-port=8080", "-ready=/readyz", "-alone", "-control=41954", "-telemetry=4318", "--", "/app"]);
});

test("clients of published TCP ports connect to the helper, and other services to the program", () => {
  const publish: WebServiceArgs["publish"] = {
    http: { port: 80 },
    mqtt: { port: 1883 },
    admin: { port: 99, targetPort: 9000, sourceRanges: ["10.0.0.0/8"] },
    dns: { port: 53, protocol: "UDP" },
    metrics: { port: 9090 },
  };
  const given = { publish, ports: { metrics: 9090, console: 9000 } };
  expect(flags(given)).toEqual([
    "-port=8080",
    "-ready=/readyz",
    "-alone",
    "-hold=41960:1883",
    "-hold=41961:9000",
    "-control=41954",
    "-telemetry=4318",
    "--",
    "/app",
  ]);
  const { ports, publish: published } = developed(given);
  expect(ports).toEqual({ metrics: 9090, console: 9000, "direct-1883": 1883 });
  expect(published).toEqual({
    ...publish,
    mqtt: { port: 1883, protocol: "TCP", targetPort: 41960 },
    admin: { port: 99, protocol: "TCP", targetPort: 41961, sourceRanges: ["10.0.0.0/8"] },
    // The others too, with their defaults.
    http: { port: 80, protocol: "TCP", targetPort: 8080 },
    dns: { port: 53, protocol: "UDP", targetPort: 53 },
    metrics: { port: 9090, protocol: "TCP", targetPort: 9090 },
  });
});

test("a program without a port, or with another probe, counts as ready without a request", () => {
  expect(flags({ probes: { kind: "none" } })).toEqual(["-alone", "-control=41954", "-telemetry=4318", "--", "/app"]);
  expect(flags({ probes: { kind: "tcp" } })).toEqual(["-port=8080", "-control=41954", "-telemetry=4318", "--", "/app"]);
});

test("a command and its arguments stay, and variables for telemetry that are given too", () => {
  const { command, args, env } = developed({ command: ["/app", "serve"], args: ["-v"], env: { OTEL_SERVICE_NAME: "shop" } });
  expect([command!.slice(-2), args, env!["OTEL_SERVICE_NAME"]]).toEqual([["/app", "serve"], ["-v"], "shop"]);
});

test("a service that receives OTLP itself keeps its port", () => {
  const { command, env } = developed({ ports: { otlp: 4318 } });
  expect([command!.includes("-telemetry=4318"), env]).toEqual([false, {}]);
});

test("a program in a debugger has memory for it, and probes that wait at a breakpoint", () => {
  const { resources, probes } = inDevelopment<Omit<WebServiceArgs, "image">>(
    "web",
    { probes: { readiness: { path: "/ready" } } },
    { debug: true },
  );
  expect(resources).toEqual({ memoryLimit: "704Mi" });
  expect(probes).toEqual({ readiness: { path: "/ready", failureThreshold: 10_000 }, liveness: { failureThreshold: 10_000 } });
});
