import { ContainerHost } from "../../../components/container-host.ts";
import { ContainerService } from "../../../components/container-service.ts";
import { SwarmHost } from "../../../components/swarm-host.ts";
import { SwarmService } from "../../../components/swarm-service.ts";
import { cacheFolder } from "../../../lib/cache-folder.ts";
import { labelList as labelled } from "../../../lib/docker-labels.ts";
import { secret } from "../../../lib/values.ts";
import { base64, image, inputsOf, proxyCommand, rotatedLogs } from "../docker-inputs.ts";

const credentials = { username: "ci", password: "s3cret" };
const certificates = [{ certificate: "CERTIFICATE", key: "KEY" }];
const labels = { team: "shop" };
const file = (content: object) => `${JSON.stringify(content, null, 2)}\n`;

test("a ContainerHost with the defaults has these resources", async () => {
  const program = () => new ContainerHost("host", {});
  expect(await inputsOf(program)).toEqual({
    "Container host-helper": {
      capabilities: { adds: [], drops: ["ALL"] },
      command: ["serve", "-install=/helper"],
      healthcheck: { interval: "100ms", retries: 3, startPeriod: "10s", tests: ["CMD", "/app", "ready"], timeout: "2m0s" },
      image: expect.stringMatching(/^127\.0\.0\.1:5001\/slipway-helper@sha256:[0-9a-f]{64}$/),
      labels: [],
      name: "host-helper",
      networksAdvanced: [{ name: "host" }],
      readOnly: true,
      restart: "always",
      securityOpts: ["no-new-privileges:true"],
      user: "0:0",
      volumes: [{ containerPath: "/helper", volumeName: "host-helper" }],
      wait: true,
      waitTimeout: 60,
      ...rotatedLogs,
    },
    "Container host-proxy": {
      capabilities: { drops: ["ALL"] },
      command: proxyCommand,
      healthcheck: {
        interval: "10s",
        retries: 3,
        startPeriod: "10s",
        tests: ["CMD", "traefik", "healthcheck", "--ping=true", "--entrypoints.traefik.address=127.0.0.1:8082"],
        timeout: "5s",
      },
      image: "traefik:v3.6.12",
      labels: [],
      name: "host-proxy",
      networksAdvanced: [{ name: "host" }],
      ports: [
        { external: 8080, internal: 8000, ip: "127.0.0.1" },
        { external: 8443, internal: 8443, ip: "127.0.0.1" },
      ],
      readOnly: true,
      restart: "always",
      securityOpts: ["no-new-privileges:true"],
      user: "65532:65532",
      volumes: [
        { containerPath: "/etc/traefik/dynamic", volumeName: "host-proxy" },
        { containerPath: "/.slipway", readOnly: true, volumeName: "host-helper" },
      ],
      ...rotatedLogs,
    },
    "Container host-registry": {
      envs: ["REGISTRY_STORAGE_DELETE_ENABLED=true", "OTEL_TRACES_EXPORTER=none"],
      image: "registry:3",
      labels: [],
      name: "host-registry",
      networksAdvanced: [{ name: "host" }],
      ports: [{ external: 5001, internal: 5000, ip: "127.0.0.1" }],
      restart: "always",
      volumes: [{ containerPath: "/var/lib/registry", volumeName: "host-registry" }],
      ...rotatedLogs,
    },
    "Network host": { labels: [], name: "host" },
    "RegistryPush host-helper": {
      blobs: cacheFolder("blobs"),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      repository: "127.0.0.1:5001/slipway-helper",
      tag: expect.stringMatching(/^[0-9a-f]{12}$/),
    },
    "Volume host-helper": { labels: [], name: "host-helper" },
    "Volume host-proxy": { labels: [], name: "host-proxy" },
    "Volume host-registry": { labels: [], name: "host-registry" },
  });
});

/** Milliseconds for Go to compile its standard library for another CPU, without a cache and under load. */
const crossCompileMs = 300_000;

test(
  "a ContainerHost with all arguments has these resources",
  async () => {
    const program = () =>
      new ContainerHost("host", {
        dockerHost: "ssh://deploy@host",
        ports: { http: 80, https: 443 },
        address: "0.0.0.0",
        repository: "registry.example/team",
        credentials,
        certificates,
        volumes: [{ name: "data" }],
        proxyImage: "traefik:own",
        labels,
      });
    expect(await inputsOf(program)).toEqual({
      "Container host-helper": {
        capabilities: { adds: ["CAP_CHOWN"], drops: ["ALL"] },
        command: ["serve", "-install=/helper", "/volumes/0=65532:65532"],
        healthcheck: { interval: "100ms", retries: 3, startPeriod: "10s", tests: ["CMD", "/app", "ready"], timeout: "2m0s" },
        image: expect.stringMatching(/^registry\.example\/team\/slipway-helper@sha256:[0-9a-f]{64}$/),
        labels: labelled({ team: "shop" }),
        name: "host-helper",
        networksAdvanced: [{ name: "host" }],
        readOnly: true,
        restart: "always",
        securityOpts: ["no-new-privileges:true"],
        user: "0:0",
        volumes: [
          { containerPath: "/helper", volumeName: "host-helper" },
          { containerPath: "/volumes/0", volumeName: "data" },
        ],
        wait: true,
        waitTimeout: 60,
        ...rotatedLogs,
      },
      "Container host-proxy": {
        capabilities: { drops: ["ALL"] },
        command: proxyCommand,
        healthcheck: {
          interval: "10s",
          retries: 3,
          startPeriod: "10s",
          tests: ["CMD", "traefik", "healthcheck", "--ping=true", "--entrypoints.traefik.address=127.0.0.1:8082"],
          timeout: "5s",
        },
        image: "traefik:own",
        labels: labelled({ team: "shop" }),
        name: "host-proxy",
        networksAdvanced: [{ name: "host" }],
        ports: [
          { external: 80, internal: 8000, ip: "0.0.0.0" },
          { external: 443, internal: 8443, ip: "0.0.0.0" },
        ],
        readOnly: true,
        restart: "always",
        securityOpts: ["no-new-privileges:true"],
        user: "65532:65532",
        volumes: [
          { containerPath: "/etc/traefik/dynamic", volumeName: "host-proxy" },
          { containerPath: "/.slipway", readOnly: true, volumeName: "host-helper" },
        ],
        ...rotatedLogs,
      },
      "Network host": { labels: labelled({ team: "shop" }), name: "host" },
      "ProxyRoute host-certificates": {
        content: secret({ value: file({ tls: { certificates: [{ certFile: "CERTIFICATE", keyFile: "KEY" }] } }) }),
        engine: "ssh://deploy@host",
        file: "/etc/traefik/dynamic/certificates",
        proxy: "host-proxy-id",
        settleSeconds: 0,
      },
      "RegistryPush host-helper": {
        attest: {
          module: expect.stringMatching(/attest-push\.ts$/),
          request: expect.stringContaining('"sbom":true,"provenance":true'),
        },
        attestations: "sbom provenance vulnerabilities",
        blobs: cacheFolder("blobs"),
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        password: secret({ value: "s3cret" }),
        repository: "registry.example/team/slipway-helper",
        tag: expect.stringMatching(/^[0-9a-f]{12}$/),
        username: "ci",
      },
      "Volume host-helper": { labels: labelled({ team: "shop" }), name: "host-helper" },
      "Volume host-proxy": { labels: labelled({ team: "shop" }), name: "host-proxy" },
    });
  },
  crossCompileMs,
);

test("a ContainerHost with its own registry has these resources", async () => {
  const program = () => new ContainerHost("host", { ports: { registry: 5002 }, registryImage: "registry:own" }).registryContainer;
  expect(await inputsOf(program)).toEqual({
    "Container host-helper": {
      capabilities: { adds: [], drops: ["ALL"] },
      command: ["serve", "-install=/helper"],
      healthcheck: { interval: "100ms", retries: 3, startPeriod: "10s", tests: ["CMD", "/app", "ready"], timeout: "2m0s" },
      image: expect.stringMatching(/^127\.0\.0\.1:5002\/slipway-helper@sha256:[0-9a-f]{64}$/),
      labels: [],
      name: "host-helper",
      networksAdvanced: [{ name: "host" }],
      readOnly: true,
      restart: "always",
      securityOpts: ["no-new-privileges:true"],
      user: "0:0",
      volumes: [{ containerPath: "/helper", volumeName: "host-helper" }],
      wait: true,
      waitTimeout: 60,
      ...rotatedLogs,
    },
    "Container host-proxy": {
      capabilities: { drops: ["ALL"] },
      command: proxyCommand,
      healthcheck: {
        interval: "10s",
        retries: 3,
        startPeriod: "10s",
        tests: ["CMD", "traefik", "healthcheck", "--ping=true", "--entrypoints.traefik.address=127.0.0.1:8082"],
        timeout: "5s",
      },
      image: "traefik:v3.6.12",
      labels: [],
      name: "host-proxy",
      networksAdvanced: [{ name: "host" }],
      ports: [
        { external: 8080, internal: 8000, ip: "127.0.0.1" },
        { external: 8443, internal: 8443, ip: "127.0.0.1" },
      ],
      readOnly: true,
      restart: "always",
      securityOpts: ["no-new-privileges:true"],
      user: "65532:65532",
      volumes: [
        { containerPath: "/etc/traefik/dynamic", volumeName: "host-proxy" },
        { containerPath: "/.slipway", readOnly: true, volumeName: "host-helper" },
      ],
      ...rotatedLogs,
    },
    "Container host-registry": {
      envs: ["REGISTRY_STORAGE_DELETE_ENABLED=true", "OTEL_TRACES_EXPORTER=none"],
      image: "registry:own",
      labels: [],
      name: "host-registry",
      networksAdvanced: [{ name: "host" }],
      ports: [{ external: 5002, internal: 5000, ip: "127.0.0.1" }],
      restart: "always",
      volumes: [{ containerPath: "/var/lib/registry", volumeName: "host-registry" }],
      ...rotatedLogs,
    },
    "Network host": { labels: [], name: "host" },
    "RegistryPush host-helper": {
      blobs: cacheFolder("blobs"),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      repository: "127.0.0.1:5002/slipway-helper",
      tag: expect.stringMatching(/^[0-9a-f]{12}$/),
    },
    "Volume host-helper": { labels: [], name: "host-helper" },
    "Volume host-proxy": { labels: [], name: "host-proxy" },
    "Volume host-registry": { labels: [], name: "host-registry" },
  });
});

test("a ContainerService with many arguments has these resources", async () => {
  const program = () =>
    new ContainerService("web", {
      image,
      port: 9000,
      ports: { metrics: 9090 },
      replicas: 2,
      routes: [{ host: "*.example.org" }, { host: "example.org", path: "/shop/" }],
      connectRetries: 0,
      tls: { redirect: false },
      rollout: { maxSurge: "2", progressDeadlineSeconds: 90 },
      shutdown: { sleepSeconds: 3 },
      probes: { kind: "tcp" },
      resources: { memory: "32Mi", cpu: "10m" },
      prefix: "shop-web",
      labels,
      network: "shop",
      networks: ["db"],
      volumes: { cache: { kind: "emptyDir", mountPath: "/cache", size: "16Mi" } },
      on: { proxy: "proxy-id", helper: "helper", dockerHost: "ssh://deploy@host", credentials, httpsPort: 443 },
      files: { "/etc/web/app.json": "{}" },
    });
  const replica = {
    capabilities: { drops: ["ALL"] },
    cpuShares: 10,
    destroyGraceSeconds: 30,
    envs: ["PORT=9000", "GOMEMLIMIT=29491KiB"],
    healthcheck: {
      interval: "100ms",
      retries: 1,
      startPeriod: "1m0s",
      tests: [
        "CMD",
        "/.slipway/helper",
        "check",
        "-startup=tcp:9000,2s",
        "-readiness=tcp:9000,2s,2s,3",
        "-liveness=tcp:9000,5s,10s,3",
        "-settled=5s",
        "-end",
      ],
      timeout: "1m25s",
    },
    image: image,
    labels: labelled({ team: "shop", "dev.slipway.service": "web" }),
    memory: 48,
    memoryReservation: 32,
    memorySwap: 48,
    networksAdvanced: [
      { aliases: ["web"], name: "shop" },
      { aliases: ["web"], name: "db" },
    ],
    readOnly: true,
    restart: "always",
    securityOpts: ["no-new-privileges:true"],
    stopTimeout: 30,
    tmpfs: { "/cache": "rw,nosuid,nodev,noexec,mode=1777,size=16777216,uid=65532,gid=65532" },
    user: "65532:65532",
    volumes: [
      { containerPath: "/.slipway", readOnly: true, volumeName: "helper" },
      { containerPath: "/etc/web", readOnly: true, volumeName: "files-0" },
    ],
    wait: true,
    waitTimeout: 90,
    ...rotatedLogs,
  };
  expect(await inputsOf(program)).toEqual({
    "Container shop-web-1": replica,
    "Container shop-web-2": replica,
    "Handover shop-web-1": {
      container: "shop-web-1-1234567",
      engine: "ssh://deploy@host",
      file: "/etc/traefik/dynamic/web",
      port: 9000,
      proxy: "proxy-id",
      settleSeconds: 3,
    },
    "Handover shop-web-2": {
      container: "shop-web-2-1234567",
      engine: "ssh://deploy@host",
      file: "/etc/traefik/dynamic/web",
      port: 9000,
      proxy: "proxy-id",
      settleSeconds: 3,
    },
    "ProxyRoute shop-web": {
      content: file({
        http: {
          routers: {
            "web-0": { rule: "HostRegexp(`^[^.]+\\.example\\.org$`)", service: "web", entryPoints: ["web"], middlewares: [] },
            "web-0-tls": {
              rule: "HostRegexp(`^[^.]+\\.example\\.org$`)",
              service: "web",
              entryPoints: ["websecure"],
              middlewares: [],
              tls: {},
            },
            "web-1": {
              rule: "Host(`example.org`) && (Path(`/shop`) || PathPrefix(`/shop/`))",
              service: "web",
              entryPoints: ["web"],
              middlewares: [],
            },
            "web-1-tls": {
              rule: "Host(`example.org`) && (Path(`/shop`) || PathPrefix(`/shop/`))",
              service: "web",
              entryPoints: ["websecure"],
              middlewares: [],
              tls: {},
            },
          },
          services: {
            web: { loadBalancer: { servers: [{ url: "http://shop-web-1-1234567:9000" }, { url: "http://shop-web-2-1234567:9000" }] } },
          },
        },
      }),
      engine: "ssh://deploy@host",
      file: "/etc/traefik/dynamic/web",
      network: "shop",
      proxy: "proxy-id",
      settleSeconds: 3,
    },
    "VolumeFiles shop-web-files": {
      engine: "ssh://deploy@host",
      files: [{ content: "{}", mode: 0o444, path: "/etc/web/app.json" }],
      image: image,
      labels: { "dev.slipway.service": "web", team: "shop" },
      password: secret({ value: "s3cret" }),
      prefix: "shop-web",
      username: "ci",
    },
  });
});

test("a stateful ContainerService has these resources", async () => {
  const program = () =>
    new ContainerService("db", {
      image,
      kind: "stateful",
      replicas: 2,
      expose: "none",
      volumes: {
        data: { kind: "persistent", mountPath: "/data", size: "1Gi" },
        old: { kind: "persistent", mountPath: "/old", size: "1Gi" },
      },
      volumeNames: { old: ["old-1", "old-2"] },
      on: { proxy: "proxy-id", helper: "helper" },
    });
  expect(await inputsOf(program)).toEqual({
    "Container db-1": {
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
          "-settled=5s",
          "-end",
        ],
        timeout: "1m25s",
      },
      hostname: "db-0",
      image: image,
      labels: labelled({ "dev.slipway.service": "db" }),
      memory: 64,
      memoryReservation: 64,
      memorySwap: 64,
      name: "db-1",
      networksAdvanced: [{ aliases: ["db"], name: "db" }],
      readOnly: true,
      restart: "always",
      securityOpts: ["no-new-privileges:true"],
      stopTimeout: 30,
      user: "65532:65532",
      volumes: [
        { containerPath: "/.slipway", readOnly: true, volumeName: "helper" },
        { containerPath: "/data", volumeName: "db-data-0" },
        { containerPath: "/old", volumeName: "old-1" },
      ],
      wait: true,
      waitTimeout: 120,
      ...rotatedLogs,
    },
    "Container db-2": {
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
          "-settled=5s",
          "-end",
        ],
        timeout: "1m25s",
      },
      hostname: "db-1",
      image: image,
      labels: labelled({ "dev.slipway.service": "db" }),
      memory: 64,
      memoryReservation: 64,
      memorySwap: 64,
      name: "db-2",
      networksAdvanced: [{ aliases: ["db"], name: "db" }],
      readOnly: true,
      restart: "always",
      securityOpts: ["no-new-privileges:true"],
      stopTimeout: 30,
      user: "65532:65532",
      volumes: [
        { containerPath: "/.slipway", readOnly: true, volumeName: "helper" },
        { containerPath: "/data", volumeName: "db-data-1" },
        { containerPath: "/old", volumeName: "old-2" },
      ],
      wait: true,
      waitTimeout: 120,
      ...rotatedLogs,
    },
    "Network db": { internal: true, labels: labelled({ "dev.slipway.service": "db" }), name: "db" },
    "Volume db-data-0": { labels: labelled({ "dev.slipway.service": "db" }), name: "db-data-0" },
    "Volume db-data-1": { labels: labelled({ "dev.slipway.service": "db" }), name: "db-data-1" },
  });
});

test("a SwarmHost with the defaults has these resources", async () => {
  const program = () => new SwarmHost("host", {});
  expect(await inputsOf(program)).toEqual({
    "Container host-registry": {
      envs: ["REGISTRY_STORAGE_DELETE_ENABLED=true", "OTEL_TRACES_EXPORTER=none"],
      image: "registry:3",
      labels: [],
      name: "host-registry",
      networksAdvanced: [{ name: "host-registry" }],
      ports: [{ external: 5001, internal: 5000, ip: "127.0.0.1" }],
      restart: "always",
      volumes: [{ containerPath: "/var/lib/registry", volumeName: "host-registry" }],
      ...rotatedLogs,
    },
    "Network host": { driver: "overlay", labels: [], name: "host" },
    "Network host-registry": { labels: [], name: "host-registry" },
    "RegistryPush host-helper": {
      blobs: cacheFolder("blobs"),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      repository: "127.0.0.1:5001/slipway-helper",
      tag: expect.stringMatching(/^[0-9a-f]{12}$/),
    },
    "Service host-helper": {
      endpointSpec: { mode: "dnsrr" },
      labels: [],
      mode: { global: true },
      name: "host-helper",
      taskSpec: {
        containerSpec: {
          args: ["serve", "-install=/helper"],
          capAdds: [],
          capDrops: ["ALL"],
          healthcheck: { interval: "100ms", retries: 3, startPeriod: "10s", tests: ["CMD", "/app", "ready"], timeout: "2m" },
          image: expect.stringMatching(/^127\.0\.0\.1:5001\/slipway-helper@sha256:[0-9a-f]{64}$/),
          labels: [],
          mounts: [{ source: "host-helper", target: "/helper", type: "volume" }],
          readOnly: true,
          user: "0:0",
        },
        logDriver: { name: rotatedLogs.logDriver, options: rotatedLogs.logOpts },
        restartPolicy: { condition: "any", delay: "1s", window: "0s" },
      },
    },
    "Service host-proxy": {
      endpointSpec: {
        mode: "dnsrr",
        ports: [
          { publishMode: "host", publishedPort: 8080, targetPort: 8000 },
          { publishMode: "host", publishedPort: 8443, targetPort: 8443 },
        ],
      },
      labels: [],
      mode: { global: true },
      name: "host-proxy",
      taskSpec: {
        containerSpec: {
          args: proxyCommand,
          capDrops: ["ALL"],
          configs: [],
          healthcheck: {
            interval: "3s",
            retries: 3,
            startPeriod: "10s",
            tests: ["CMD", "traefik", "healthcheck", "--ping=true", "--entrypoints.traefik.address=127.0.0.1:8082"],
            timeout: "5s",
          },
          image: "traefik:v3.6.12",
          labels: [],
          mounts: [{ readOnly: true, source: "host-helper", target: "/.slipway", type: "volume" }],
          readOnly: true,
          user: "65532:65532",
        },
        logDriver: { name: rotatedLogs.logDriver, options: rotatedLogs.logOpts },
        networksAdvanceds: [{ id: "host-id" }],
        restartPolicy: { condition: "any", delay: "1s", window: "0s" },
      },
      updateConfig: { failureAction: "rollback", monitor: "2s", order: "stop-first", parallelism: 1 },
    },
    "Volume host-helper": { labels: [], name: "host-helper" },
    "Volume host-registry": { labels: [], name: "host-registry" },
  });
});

test(
  "a SwarmHost with all arguments has these resources",
  async () => {
    const program = () =>
      new SwarmHost("host", {
        ports: { http: 80, https: 443 },
        publish: "mesh",
        proxies: 3,
        repository: "registry.example/team",
        credentials,
        certificates,
        routes: {
          web: { host: "example.org", tls: {}, port: 9000 },
          api: { host: "api.example.org", connectRetries: 2, probes: { kind: "tcp" } },
        },
        networks: ["web-network"],
        volumes: [{ name: "data" }],
        proxyImage: "traefik:own",
        labels,
      });
    expect(await inputsOf(program)).toEqual({
      "Network host": { driver: "overlay", labels: labelled({ team: "shop" }), name: "host" },
      "RegistryPush host-helper": {
        attest: {
          module: expect.stringMatching(/attest-push\.ts$/),
          request: expect.stringContaining('"sbom":true,"provenance":true'),
        },
        attestations: "sbom provenance vulnerabilities",
        blobs: cacheFolder("blobs"),
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        password: secret({ value: "s3cret" }),
        repository: "registry.example/team/slipway-helper",
        tag: expect.stringMatching(/^[0-9a-f]{12}$/),
        username: "ci",
      },
      "Secret host-certificates": {
        data: secret({ value: base64(file({ tls: { certificates: [{ certFile: "CERTIFICATE", keyFile: "KEY" }] } })) }),
        labels: labelled({ team: "shop" }),
      },
      "Service host-helper": {
        auth: secret({ value: { password: "s3cret", serverAddress: "registry.example", username: "ci" } }),
        endpointSpec: { mode: "dnsrr" },
        labels: labelled({ team: "shop" }),
        mode: { global: true },
        name: "host-helper",
        taskSpec: {
          containerSpec: {
            args: ["serve", "-install=/helper", "/volumes/0=65532:65532"],
            capAdds: ["CAP_CHOWN"],
            capDrops: ["ALL"],
            healthcheck: { interval: "100ms", retries: 3, startPeriod: "10s", tests: ["CMD", "/app", "ready"], timeout: "2m" },
            image: expect.stringMatching(/^registry\.example\/team\/slipway-helper@sha256:[0-9a-f]{64}$/),
            labels: labelled({ team: "shop" }),
            mounts: [
              { source: "host-helper", target: "/helper", type: "volume" },
              { source: "data", target: "/volumes/0", type: "volume" },
            ],
            readOnly: true,
            user: "0:0",
          },
          logDriver: { name: rotatedLogs.logDriver, options: rotatedLogs.logOpts },
          restartPolicy: { condition: "any", delay: "1s", window: "0s" },
        },
      },
      "Service host-proxy": {
        convergeConfig: { delay: "1s", timeout: "2m" },
        endpointSpec: {
          mode: "vip",
          ports: [
            { publishMode: "ingress", publishedPort: 80, targetPort: 8000 },
            { publishMode: "ingress", publishedPort: 443, targetPort: 8443 },
          ],
        },
        labels: labelled({ team: "shop" }),
        mode: { replicated: { replicas: 3 } },
        name: "host-proxy",
        taskSpec: {
          containerSpec: {
            args: proxyCommand,
            capDrops: ["ALL"],
            configs: [
              { configId: "host-routes-web-id", fileMode: 0o444, fileName: "/etc/traefik/dynamic/web.yaml" },
              { configId: "host-routes-api-id", fileMode: 0o444, fileName: "/etc/traefik/dynamic/api.yaml" },
            ],
            healthcheck: {
              interval: "3s",
              retries: 3,
              startPeriod: "10s",
              tests: ["CMD", "traefik", "healthcheck", "--ping=true", "--entrypoints.traefik.address=127.0.0.1:8082"],
              timeout: "5s",
            },
            image: "traefik:own",
            labels: labelled({ team: "shop" }),
            mounts: [{ readOnly: true, source: "host-helper", target: "/.slipway", type: "volume" }],
            readOnly: true,
            secrets: [
              { fileGid: "65532", fileMode: 0o440, fileName: "/etc/traefik/dynamic/certificates.yaml", secretId: "host-certificates-id" },
            ],
            user: "65532:65532",
          },
          logDriver: { name: rotatedLogs.logDriver, options: rotatedLogs.logOpts },
          networksAdvanceds: [{ id: "host-id" }, { id: "web-network" }],
          restartPolicy: { condition: "any", delay: "1s", window: "0s" },
        },
        updateConfig: { failureAction: "rollback", monitor: "2s", order: "start-first", parallelism: 1 },
      },
      "ServiceConfig host-routes-api": {
        data: base64(
          file({
            http: {
              routers: { "api-0": { rule: "Host(`api.example.org`)", service: "api", entryPoints: ["web"], middlewares: ["api-retry"] } },
              middlewares: { "api-retry": { retry: { attempts: 3, initialInterval: "100ms" } } },
              services: { api: { loadBalancer: { servers: [{ url: "http://api:8080" }], serversTransport: "api" } } },
              serversTransports: { api: { maxIdleConnsPerHost: -1 } },
            },
          }),
        ),
        labels: labelled({ team: "shop" }),
      },
      "ServiceConfig host-routes-web": {
        data: base64(
          file({
            http: {
              routers: {
                "web-0": { rule: "Host(`example.org`)", service: "web", entryPoints: ["web"], middlewares: ["web-redirect"] },
                "web-0-tls": {
                  rule: "Host(`example.org`)",
                  service: "web",
                  entryPoints: ["websecure"],
                  middlewares: ["web-retry"],
                  tls: {},
                },
              },
              middlewares: {
                "web-retry": { retry: { attempts: 11, initialInterval: "100ms" } },
                "web-redirect": { redirectScheme: { scheme: "https", port: "443", permanent: true } },
              },
              services: { web: { loadBalancer: { servers: [{ url: "http://web:9000" }], serversTransport: "web" } } },
              serversTransports: { web: { maxIdleConnsPerHost: -1 } },
            },
          }),
        ),
        labels: labelled({ team: "shop" }),
      },
      "Volume host-helper": { labels: labelled({ team: "shop" }), name: "host-helper" },
    });
  },
  crossCompileMs,
);

test("a SwarmService with many arguments has these resources", async () => {
  const program = () =>
    new SwarmService("web", {
      image,
      port: 9000,
      replicas: 3,
      host: "example.org",
      rollout: { maxSurge: "2", minReadySeconds: 10, progressDeadlineSeconds: 90 },
      shutdown: { drainSeconds: 20 },
      probes: { kind: "exec", command: ["/web", "check"] },
      env: { A: "b" },
      secretEnv: { TOKEN: "s3cret" },
      files: { "/etc/web/app.json": "{}" },
      secretFiles: { "/run/key": "k" },
      volumes: {
        cache: { kind: "emptyDir", mountPath: "/cache", size: "16Mi" },
        data: { kind: "persistent", mountPath: "/data", size: "1Gi", accessMode: "ReadWriteMany" },
        local: { kind: "persistent", mountPath: "/local", size: "1Gi", accessMode: "ReadWriteMany" },
      },
      resources: { memory: "32Mi", memoryLimit: "64Mi", cpu: "10m", cpuLimit: "1" },
      volumeDrivers: { data: { driver: "nfs", options: { share: "/export" }, name: "shared" } },
      prefix: "shop-web",
      labels,
      network: "web-network",
      networks: ["db-network"],
      nodeSelector: { disk: "ssd" },
      constraints: ["node.role==worker"],
      spread: ["node.labels.zone"],
      maxPerNode: 1,
      credentials,
      on: { helper: "helper" },
    });
  expect(await inputsOf(program)).toEqual({
    "Secret shop-web-run-key": { data: secret({ value: base64("k") }), labels: labelled({ team: "shop", "dev.slipway.service": "web" }) },
    "Service shop-web": {
      auth: secret({ value: { password: "s3cret", serverAddress: "registry.example", username: "ci" } }),
      convergeConfig: { delay: "1s", timeout: "150s" },
      endpointSpec: { mode: "dnsrr" },
      labels: labelled({ team: "shop", "dev.slipway.service": "web" }),
      mode: { replicated: { replicas: 3 } },
      name: "shop-web",
      rollbackConfig: { failureAction: "pause", maxFailureRatio: "0", monitor: "10s", order: "start-first", parallelism: 2 },
      taskSpec: secret({
        value: {
          containerSpec: {
            capDrops: ["ALL"],
            configs: [{ configId: "shop-web-etc-web-app.json-id", fileGid: "65532", fileMode: 0o444, fileName: "/etc/web/app.json" }],
            env: { A: "b", GOMEMLIMIT: "58982KiB", PORT: "9000", TOKEN: "s3cret" },
            healthcheck: {
              interval: "100ms",
              retries: 1,
              startPeriod: "1m",
              tests: [
                "CMD",
                "/.slipway/helper",
                "check",
                "-startup=exec:WyIvd2ViIiwiY2hlY2siXQ,2s",
                "-readiness=exec:WyIvd2ViIiwiY2hlY2siXQ,2s,2s,3",
                "-liveness=exec:WyIvd2ViIiwiY2hlY2siXQ,5s,10s,3",
                "-settled=10s",
                "-live",
              ],
              timeout: "1m25s",
            },
            image: image,
            labels: labelled({ team: "shop", "dev.slipway.service": "web" }),
            mounts: [
              { readOnly: true, source: "helper", target: "/.slipway", type: "volume" },
              { target: "/cache", tmpfsOptions: { mode: 0o1777, sizeBytes: 16777216 }, type: "tmpfs" },
              {
                source: "shared",
                target: "/data",
                type: "volume",
                volumeOptions: {
                  driverName: "nfs",
                  driverOptions: { share: "/export" },
                  labels: labelled({ team: "shop", "dev.slipway.service": "web" }),
                },
              },
              {
                source: "shop-web-local",
                target: "/local",
                type: "volume",
                volumeOptions: { labels: labelled({ team: "shop", "dev.slipway.service": "web" }) },
              },
            ],
            readOnly: true,
            secrets: [{ fileGid: "65532", fileMode: 0o440, fileName: "/run/key", fileUid: "0", secretId: "shop-web-run-key-id" }],
            stopGracePeriod: "25s",
            user: "65532:65532",
          },
          logDriver: { name: rotatedLogs.logDriver, options: rotatedLogs.logOpts },
          networksAdvanceds: [
            { aliases: ["web"], id: "web-network" },
            { aliases: ["web"], id: "db-network" },
          ],
          placement: { constraints: ["node.labels.disk==ssd", "node.role==worker"], maxReplicas: 1, prefs: ["spread=node.labels.zone"] },
          resources: {
            limits: { memoryBytes: 83886080, nanoCpus: 1000000000 },
            reservation: { memoryBytes: 33554432, nanoCpus: 10000000 },
          },
          restartPolicy: { condition: "any", delay: "1s", window: "0s" },
        },
      }),
      updateConfig: { failureAction: "rollback", maxFailureRatio: "0", monitor: "10s", order: "start-first", parallelism: 2 },
    },
    "ServiceConfig shop-web-etc-web-app.json": { data: base64("{}"), labels: labelled({ team: "shop", "dev.slipway.service": "web" }) },
  });
});
