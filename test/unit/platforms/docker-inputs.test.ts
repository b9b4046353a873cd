import * as pulumi from "@pulumi/pulumi";
import { loadConfiguration } from "../../../config/load.ts";
import { cacheFolder } from "../../../lib/cache-folder.ts";
import { secret } from "../../../lib/values.ts";
import { loadPlatform } from "../../../platforms/platform.ts";
import { base64, image, inputsOf, proxyCommand, rotatedLogs } from "../docker-inputs.ts";

/** The inputs of each resource of a stack with the service `web`, by kind and name. */
async function inputsOfStack(platformName: "docker" | "swarm", service: object): Promise<Record<string, unknown>> {
  const program = async () => {
    pulumi.runtime.setAllConfig({
      "slipway:platform": platformName,
      "slipway:services": JSON.stringify({ web: { image, host: "web.localhost", replicas: 1, ...service } }),
    });
    const configuration = await loadConfiguration(loadPlatform);
    const { createPlatform } = await loadPlatform(configuration.platform);
    const platform = await createPlatform(configuration);
    for (const [name, settings] of Object.entries(configuration.services)) platform.deploy(name, settings, String(settings.image));
  };
  return inputsOf(program);
}

const helperImage = expect.stringMatching(/^127\.0\.0\.1:5001\/slipway-helper@sha256:[0-9a-f]{64}$/) as string;
const ofStack = [{ label: "dev.slipway.stack", value: "test" }];
const ofService = [...ofStack, { label: "dev.slipway.service", value: "web" }];

const rich = {
  port: 9000,
  ports: { metrics: 9090 },
  env: { A: "b" },
  secretEnv: { TOKEN: "s3cret" },
  files: { "/etc/web/app.json": "{}" },
  secretFiles: { "/run/key": "k" },
  command: ["/web"],
  args: ["serve"],
  volumes: { tmp: { kind: "emptyDir", mountPath: "/tmp", size: "16Mi" }, data: { kind: "persistent", mountPath: "/data", size: "1Gi" } },
  resources: { cpu: "100m", cpuLimit: "500m", memory: "64Mi", memoryLimit: "128Mi" },
};

test("the resources of a service with many settings on docker have exactly these inputs", async () => {
  expect(await inputsOfStack("docker", rich)).toEqual({
    "Container slipway-test-helper": {
      capabilities: { adds: ["CAP_CHOWN"], drops: ["ALL"] },
      command: ["serve", "-install=/helper", "/volumes/0=65532:65532"],
      healthcheck: { interval: "100ms", retries: 3, startPeriod: "10s", tests: ["CMD", "/app", "ready"], timeout: "2m0s" },
      image: helperImage,
      labels: ofStack,
      name: "slipway-test-helper",
      networksAdvanced: [{ name: "slipway-test" }],
      readOnly: true,
      restart: "always",
      securityOpts: ["no-new-privileges:true"],
      user: "0:0",
      volumes: [
        { containerPath: "/helper", volumeName: "slipway-test-helper" },
        { containerPath: "/volumes/0", volumeName: "slipway-test-web-data" },
      ],
      wait: true,
      waitTimeout: 60,
      ...rotatedLogs,
    },
    "Container slipway-test-proxy": {
      capabilities: { drops: ["ALL"] },
      command: proxyCommand,
      healthcheck: {
        interval: "10s",
        retries: 3,
        startPeriod: "10s",
        tests: ["CMD", "traefik", "healthcheck", "--ping=true", "--entrypoints.traefik.address=127.0.0.1:8082"],
        timeout: "5s",
      },
      image: expect.stringMatching(/^(slipway\/)?traefik:/),
      labels: ofStack,
      name: "slipway-test-proxy",
      networksAdvanced: [{ name: "slipway-test" }],
      ports: [
        { external: 8080, internal: 8000, ip: "127.0.0.1" },
        { external: 8443, internal: 8443, ip: "127.0.0.1" },
      ],
      readOnly: true,
      restart: "always",
      securityOpts: ["no-new-privileges:true"],
      user: "65532:65532",
      volumes: [
        { containerPath: "/etc/traefik/dynamic", volumeName: "slipway-test-proxy" },
        { containerPath: "/.slipway", readOnly: true, volumeName: "slipway-test-helper" },
      ],
      ...rotatedLogs,
    },
    "Container slipway-test-registry": {
      envs: ["REGISTRY_STORAGE_DELETE_ENABLED=true", "OTEL_TRACES_EXPORTER=none"],
      image: expect.stringMatching(/^(slipway\/)?registry:/),
      labels: ofStack,
      name: "slipway-test-registry",
      networksAdvanced: [{ name: "slipway-test" }],
      ports: [{ external: 5001, internal: 5000, ip: "127.0.0.1" }],
      restart: "always",
      volumes: [{ containerPath: "/var/lib/registry", volumeName: "slipway-test-registry" }],
      ...rotatedLogs,
    },
    "Container slipway-test-web-1": {
      capabilities: { drops: ["ALL"] },
      command: ["serve"],
      cpuShares: 102,
      cpus: "0.5",
      destroyGraceSeconds: 30,
      entrypoints: ["/web"],
      envs: secret({ value: ["PORT=9000", "GOMEMLIMIT=117964KiB", "A=b", "TOKEN=s3cret"] }),
      healthcheck: {
        interval: "100ms",
        retries: 1,
        startPeriod: "1m0s",
        tests: [
          "CMD",
          "/.slipway/helper",
          "check",
          "-startup=http:9000/healthz,2s",
          "-readiness=http:9000/readyz,2s,2s,3",
          "-liveness=http:9000/healthz,5s,10s,3",
          "-end",
        ],
        timeout: "1m25s",
      },
      image: image,
      labels: ofService,
      memory: 144,
      memoryReservation: 64,
      memorySwap: 144,
      name: "slipway-test-web-1",
      networksAdvanced: [{ aliases: ["web"], name: "slipway-test-web" }],
      readOnly: true,
      restart: "always",
      securityOpts: ["no-new-privileges:true"],
      stopTimeout: 30,
      tmpfs: { "/tmp": "rw,nosuid,nodev,noexec,mode=1777,size=16777216,uid=65532,gid=65532" },
      user: "65532:65532",
      volumes: [
        { containerPath: "/.slipway", readOnly: true, volumeName: "slipway-test-helper" },
        { containerPath: "/data", volumeName: "slipway-test-web-data" },
        { containerPath: "/etc/web", readOnly: true, volumeName: "files-0" },
        { containerPath: "/run", readOnly: true, volumeName: "files-1" },
      ],
      wait: true,
      waitTimeout: 120,
      ...rotatedLogs,
    },
    "Network slipway-test": { labels: ofStack, name: "slipway-test" },
    "Network slipway-test-web": { internal: true, labels: ofStack, name: "slipway-test-web" },
    "ProxyRoute slipway-test-web": {
      content: `${JSON.stringify({ http: { routers: { "web-0": { rule: "Host(`web.localhost`)", service: "web", entryPoints: ["web"], middlewares: ["web-retry"] } }, middlewares: { "web-retry": { retry: { attempts: 11, initialInterval: "100ms" } } }, services: { web: { loadBalancer: { servers: [{ url: "http://slipway-test-web-1:9000" }], healthCheck: { path: "/readyz", port: 9000, interval: "2s", timeout: "2s" } } } } } }, null, 2)}\n`,
      file: "/etc/traefik/dynamic/web",
      network: "slipway-test-web",
      proxy: "slipway-test-proxy-id",
      settleSeconds: 2,
    },
    "RegistryPush slipway-test-helper": {
      blobs: cacheFolder("blobs"),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      repository: "127.0.0.1:5001/slipway-helper",
      tag: expect.stringMatching(/^[0-9a-f]{12}$/),
    },
    "Volume slipway-test-helper": { labels: ofStack, name: "slipway-test-helper" },
    "Volume slipway-test-proxy": { labels: ofStack, name: "slipway-test-proxy" },
    "Volume slipway-test-registry": { labels: ofStack, name: "slipway-test-registry" },
    "Volume slipway-test-web-data": { labels: ofStack, name: "slipway-test-web-data" },
    "VolumeFiles slipway-test-web-files": {
      files: secret({
        value: [
          { content: "{}", mode: 0o444, path: "/etc/web/app.json" },
          { content: "k", mode: 0o440, path: "/run/key" },
        ],
      }),
      image: image,
      labels: { "dev.slipway.service": "web", "dev.slipway.stack": "test" },
      prefix: "slipway-test-web",
    },
  });
});

test("the resources of a service with the defaults on docker have exactly these inputs", async () => {
  expect(await inputsOfStack("docker", {})).toMatchObject({
    "Container slipway-test-web-1": {
      capabilities: { drops: ["ALL"] },
      cpuShares: 51,
      destroyGraceSeconds: 30,
      envs: ["PORT=8080", "GOMEMLIMIT=58982KiB"],
      healthcheck: {
        interval: "100ms",
        retries: 1,
        startPeriod: "1m0s",
        tests: [
          "CMD",
          "/.slipway/helper",
          "check",
          "-startup=http:8080/healthz,2s",
          "-readiness=http:8080/readyz,2s,2s,3",
          "-liveness=http:8080/healthz,5s,10s,3",
          "-end",
        ],
        timeout: "1m25s",
      },
      image: image,
      labels: ofService,
      memory: 64,
      memoryReservation: 64,
      memorySwap: 64,
      networksAdvanced: [{ aliases: ["web"], name: "slipway-test-web" }],
      readOnly: true,
      restart: "always",
      securityOpts: ["no-new-privileges:true"],
      stopTimeout: 30,
      user: "65532:65532",
      volumes: [{ containerPath: "/.slipway", readOnly: true, volumeName: "slipway-test-helper" }],
      wait: true,
      waitTimeout: 120,
      ...rotatedLogs,
    },
    "Handover slipway-test-web-1": {
      container: "slipway-test-web-1-1234567",
      file: "/etc/traefik/dynamic/web",
      healthCheck: '{"path":"/readyz","port":8080,"interval":"2s","timeout":"2s"}',
      port: 8080,
      proxy: "slipway-test-proxy-id",
      settleSeconds: 2,
    },
    "ProxyRoute slipway-test-web": {
      content: `${JSON.stringify({ http: { routers: { "web-0": { rule: "Host(`web.localhost`)", service: "web", entryPoints: ["web"], middlewares: ["web-retry"] } }, middlewares: { "web-retry": { retry: { attempts: 11, initialInterval: "100ms" } } }, services: { web: { loadBalancer: { servers: [{ url: "http://slipway-test-web-1-1234567:8080" }], healthCheck: { path: "/readyz", port: 8080, interval: "2s", timeout: "2s" } } } } } }, null, 2)}\n`,
      file: "/etc/traefik/dynamic/web",
      network: "slipway-test-web",
      proxy: "slipway-test-proxy-id",
      settleSeconds: 2,
    },
  });
});

test("the resources of a service with many settings on swarm have exactly these inputs", async () => {
  expect(await inputsOfStack("swarm", rich)).toEqual({
    "Container slipway-test-registry": {
      envs: ["REGISTRY_STORAGE_DELETE_ENABLED=true", "OTEL_TRACES_EXPORTER=none"],
      image: expect.stringMatching(/^(slipway\/)?registry:/),
      labels: ofStack,
      name: "slipway-test-registry",
      networksAdvanced: [{ name: "slipway-test-registry" }],
      ports: [{ external: 5001, internal: 5000, ip: "127.0.0.1" }],
      restart: "always",
      volumes: [{ containerPath: "/var/lib/registry", volumeName: "slipway-test-registry" }],
      ...rotatedLogs,
    },
    "Network slipway-test": { driver: "overlay", labels: ofStack, name: "slipway-test" },
    "Network slipway-test-registry": { labels: ofStack, name: "slipway-test-registry" },
    "Network slipway-test-web": { driver: "overlay", internal: true, labels: ofStack, name: "slipway-test-web" },
    "RegistryPush slipway-test-helper": {
      blobs: cacheFolder("blobs"),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      repository: "127.0.0.1:5001/slipway-helper",
      tag: expect.stringMatching(/^[0-9a-f]{12}$/),
    },
    "Secret slipway-test-web-run-key": { data: secret({ value: base64("k") }), labels: ofService },
    "Service slipway-test-helper": {
      endpointSpec: { mode: "dnsrr" },
      labels: ofStack,
      mode: { global: true },
      name: "slipway-test-helper",
      taskSpec: {
        containerSpec: {
          args: ["serve", "-install=/helper", "/volumes/0=65532:65532"],
          capAdds: ["CAP_CHOWN"],
          capDrops: ["ALL"],
          healthcheck: { interval: "100ms", retries: 3, startPeriod: "10s", tests: ["CMD", "/app", "ready"], timeout: "2m" },
          image: helperImage,
          labels: ofStack,
          mounts: [
            { source: "slipway-test-helper", target: "/helper", type: "volume" },
            { source: "slipway-test-web-data", target: "/volumes/0", type: "volume" },
          ],
          readOnly: true,
          user: "0:0",
        },
        logDriver: { name: rotatedLogs.logDriver, options: rotatedLogs.logOpts },
        restartPolicy: { condition: "any", delay: "1s", window: "0s" },
      },
    },
    "Service slipway-test-proxy": {
      endpointSpec: {
        mode: "dnsrr",
        ports: [
          { publishMode: "host", publishedPort: 8080, targetPort: 8000 },
          { publishMode: "host", publishedPort: 8443, targetPort: 8443 },
        ],
      },
      labels: ofStack,
      mode: { global: true },
      name: "slipway-test-proxy",
      taskSpec: {
        containerSpec: {
          args: proxyCommand,
          capDrops: ["ALL"],
          configs: [{ configId: "slipway-test-routes-web-id", fileMode: 0o444, fileName: "/etc/traefik/dynamic/web.yaml" }],
          healthcheck: {
            interval: "3s",
            retries: 3,
            startPeriod: "10s",
            tests: ["CMD", "traefik", "healthcheck", "--ping=true", "--entrypoints.traefik.address=127.0.0.1:8082"],
            timeout: "5s",
          },
          image: expect.stringMatching(/^(slipway\/)?traefik:/),
          labels: ofStack,
          mounts: [{ readOnly: true, source: "slipway-test-helper", target: "/.slipway", type: "volume" }],
          readOnly: true,
          user: "65532:65532",
        },
        logDriver: { name: rotatedLogs.logDriver, options: rotatedLogs.logOpts },
        networksAdvanceds: [{ id: "slipway-test-id" }, { id: "slipway-test-web-id" }],
        restartPolicy: { condition: "any", delay: "1s", window: "0s" },
      },
      updateConfig: { failureAction: "rollback", monitor: "2s", order: "stop-first", parallelism: 1 },
    },
    "Service slipway-test-web": {
      convergeConfig: { delay: "1s", timeout: "180s" },
      endpointSpec: { mode: "dnsrr" },
      labels: ofService,
      mode: { replicated: { replicas: 1 } },
      name: "slipway-test-web",
      rollbackConfig: { failureAction: "pause", maxFailureRatio: "0", monitor: "5s", order: "stop-first", parallelism: 1 },
      taskSpec: secret({
        value: {
          containerSpec: {
            args: ["serve"],
            capDrops: ["ALL"],
            commands: ["/web"],
            configs: [
              { configId: "slipway-test-web-etc-web-app.json-id", fileGid: "65532", fileMode: 0o444, fileName: "/etc/web/app.json" },
            ],
            env: { A: "b", GOMEMLIMIT: "117964KiB", PORT: "9000", TOKEN: "s3cret" },
            healthcheck: {
              interval: "100ms",
              retries: 1,
              startPeriod: "1m",
              tests: [
                "CMD",
                "/.slipway/helper",
                "check",
                "-startup=http:9000/healthz,2s",
                "-readiness=http:9000/readyz,2s,2s,3",
                "-liveness=http:9000/healthz,5s,10s,3",
                "-live",
              ],
              timeout: "1m25s",
            },
            image: image,
            labels: ofService,
            mounts: [
              { readOnly: true, source: "slipway-test-helper", target: "/.slipway", type: "volume" },
              { target: "/tmp", tmpfsOptions: { mode: 0o1777, sizeBytes: 16777216 }, type: "tmpfs" },
              { source: "slipway-test-web-data", target: "/data", type: "volume", volumeOptions: { labels: ofService } },
            ],
            readOnly: true,
            secrets: [{ fileGid: "65532", fileMode: 0o440, fileName: "/run/key", fileUid: "0", secretId: "slipway-test-web-run-key-id" }],
            stopGracePeriod: "30s",
            user: "65532:65532",
          },
          logDriver: { name: rotatedLogs.logDriver, options: rotatedLogs.logOpts },
          networksAdvanceds: [{ aliases: ["web"], id: "slipway-test-web-id" }],
          placement: { constraints: [], prefs: [] },
          resources: {
            limits: { memoryBytes: 150994944, nanoCpus: 500000000 },
            reservation: { memoryBytes: 67108864, nanoCpus: 100000000 },
          },
          restartPolicy: { condition: "any", delay: "1s", window: "0s" },
        },
      }),
      updateConfig: { failureAction: "rollback", maxFailureRatio: "0", monitor: "5s", order: "stop-first", parallelism: 1 },
    },
    "ServiceConfig slipway-test-routes-web": {
      data: base64(
        `${JSON.stringify({ http: { routers: { "web-0": { rule: "Host(`web.localhost`)", service: "web", entryPoints: ["web"], middlewares: ["web-retry"] } }, middlewares: { "web-retry": { retry: { attempts: 11, initialInterval: "100ms" } } }, services: { web: { loadBalancer: { servers: [{ url: "http://web:9000" }], serversTransport: "web" } } }, serversTransports: { web: { maxIdleConnsPerHost: -1 } } } }, null, 2)}\n`,
      ),
      labels: ofStack,
    },
    "ServiceConfig slipway-test-web-etc-web-app.json": { data: base64("{}"), labels: ofService },
    "Volume slipway-test-helper": { labels: ofStack, name: "slipway-test-helper" },
    "Volume slipway-test-registry": { labels: ofStack, name: "slipway-test-registry" },
    "Volume slipway-test-web-data": { labels: ofStack, name: "slipway-test-web-data" },
  });
});

test("the resources of a service with the defaults on swarm have exactly these inputs", async () => {
  expect(await inputsOfStack("swarm", {})).toMatchObject({
    "Service slipway-test-web": {
      convergeConfig: { delay: "1s", timeout: "180s" },
      endpointSpec: { mode: "dnsrr" },
      labels: ofService,
      mode: { replicated: { replicas: 1 } },
      name: "slipway-test-web",
      rollbackConfig: { failureAction: "pause", maxFailureRatio: "0", monitor: "5s", order: "start-first", parallelism: 1 },
      taskSpec: {
        containerSpec: {
          capDrops: ["ALL"],
          configs: [],
          env: { GOMEMLIMIT: "58982KiB", PORT: "8080" },
          healthcheck: {
            interval: "100ms",
            retries: 1,
            startPeriod: "1m",
            tests: [
              "CMD",
              "/.slipway/helper",
              "check",
              "-startup=http:8080/healthz,2s",
              "-readiness=http:8080/readyz,2s,2s,3",
              "-liveness=http:8080/healthz,5s,10s,3",
              "-live",
            ],
            timeout: "1m25s",
          },
          image: image,
          labels: ofService,
          mounts: [{ readOnly: true, source: "slipway-test-helper", target: "/.slipway", type: "volume" }],
          readOnly: true,
          secrets: [],
          stopGracePeriod: "30s",
          user: "65532:65532",
        },
        logDriver: { name: rotatedLogs.logDriver, options: rotatedLogs.logOpts },
        networksAdvanceds: [{ aliases: ["web"], id: "slipway-test-web-id" }],
        placement: { constraints: [], prefs: [] },
        resources: { limits: { memoryBytes: 67108864 }, reservation: { memoryBytes: 67108864, nanoCpus: 50000000 } },
        restartPolicy: { condition: "any", delay: "1s", window: "0s" },
      },
      updateConfig: { failureAction: "rollback", maxFailureRatio: "0", monitor: "5s", order: "start-first", parallelism: 1 },
    },
    "ServiceConfig slipway-test-routes-web": {
      data: base64(
        `${JSON.stringify({ http: { routers: { "web-0": { rule: "Host(`web.localhost`)", service: "web", entryPoints: ["web"], middlewares: ["web-retry"] } }, middlewares: { "web-retry": { retry: { attempts: 11, initialInterval: "100ms" } } }, services: { web: { loadBalancer: { servers: [{ url: "http://web:8080" }], serversTransport: "web" } } }, serversTransports: { web: { maxIdleConnsPerHost: -1 } } } }, null, 2)}\n`,
      ),
      labels: ofStack,
    },
  });
});
