import fc from "fast-check";
import { baselineCapabilities } from "../../../lib/security-level.ts";

/** A service in a stack file. */
export type Service = Record<string, unknown>;

/** Any subset of the fields. */
const some = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { requiredKeys: [] });
const few = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 2 });
const number = (min: number, max: number) => fc.integer({ min, max });
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const text = fc.string({ maxLength: 12 });
/** A map whose keys have a prefix, so that keys of different maps never conflict. */
const map = <T>(prefix: string, value: fc.Arbitrary<T>) =>
  fc.dictionary(
    word.map((w) => prefix + w),
    value,
    { minKeys: 1, maxKeys: 2 },
  );
const labels = map("example.org/", word);
const annotations = map("example.org/", text);
const mebibytes = (min: number, max: number) => number(min, max).map((n) => `${n}Mi`);
const millicores = (min: number, max: number) => number(min, max).map((n) => `${n}m`);
const domain = word.map((w) => `${w}.example.org`);
const cidr = fc.oneof(
  fc.tuple(fc.ipV4(), number(0, 32)).map((parts) => parts.join("/")),
  fc.tuple(fc.ipV6(), number(0, 128)).map((parts) => parts.join("/")),
);
const version = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,9}[A-Za-z0-9])?$/);
const platform = fc.constantFrom("linux/amd64", "linux/arm64", "linux/arm/v7");
const digest = fc.stringMatching(/^[0-9a-f]{64}$/);

const dockerfile = fc.record(
  {
    file: fc.tuple(word, word).map((parts) => parts.join("/")),
    target: word,
    args: fc.dictionary(word, fc.string(), { minKeys: 1 }),
    secrets: fc.dictionary(word, fc.string(), { minKeys: 1 }),
  },
  { requiredKeys: [] },
);

const build = some({
  ldflags: fc.constantFrom("-X main.v={{version}}", "-s"),
  tags: few(word),
  env: fc.dictionary(
    word.map((w) => `GO${w.toUpperCase()}`.replace(/^GO(OS|ARCH|AMD64|ARM|ARM64)$/, "GOX")),
    fc.string(),
    { minKeys: 1 },
  ),
  assets: few(word.map((w) => `assets/${w}`)),
  base: digest.map((hash) => `a.example.org/base@sha256:${hash}`),
});

const image = fc.oneof(
  fc.record(
    { source: word, builder: fc.constant("go"), build, package: word, platforms: fc.uniqueArray(platform, { minLength: 1 }), version },
    { requiredKeys: ["source"] },
  ),
  fc.record(
    { source: word, builder: fc.constant("dockerfile"), dockerfile, platforms: fc.tuple(platform), version },
    { requiredKeys: ["source", "builder"] },
  ),
  fc.record(
    { image: fc.tuple(domain, word, digest).map(([host, name, hex]) => `${host}/${name}@sha256:${hex}`), version },
    { requiredKeys: ["image"] },
  ),
);

const scaling = fc.oneof(
  some({ replicas: number(2, 20), maxUnavailable: fc.constant(1) }),
  fc.record({
    autoscaling: fc.record(
      {
        minReplicas: number(1, 5),
        maxReplicas: number(5, 20),
        cpu: number(1, 99),
        memory: number(1, 99),
        scaleDownSeconds: number(0, 3600),
        scaleUpSeconds: number(0, 3600),
      },
      { requiredKeys: ["maxReplicas"] },
    ),
  }),
);

const probe = (port: fc.Arbitrary<string>, failures: number) =>
  some({
    path: word.map((w) => `/${w}?full=1`),
    port,
    periodSeconds: number(1, 2),
    timeoutSeconds: number(1, 60),
    failureThreshold: number(1, failures),
  });

const life = fc.uniqueArray(word, { maxLength: 3 }).chain((names) => {
  const port = fc.constantFrom("http", ...names);
  const ports = Object.fromEntries(names.map((name, i) => [name, 9000 + i]));
  return fc.record(
    {
      port: number(8000, 8999),
      ports: fc.constant(ports),
      probes: fc.oneof(
        some({ kind: fc.constant("http"), startup: probe(port, 20), readiness: probe(port, 9), liveness: probe(port, 9) }),
        fc.record({ kind: fc.constant("tcp"), readiness: some({ port, periodSeconds: number(1, 9) }) }),
        fc.record({ kind: fc.constant("exec"), command: few(word) }),
      ),
      // A progress deadline that exceeds the longest startup that these probes allow.
      rollout: fc.record(
        { maxSurge: fc.oneof(number(1, 9), fc.constant("50%")), minReadySeconds: number(0, 60), progressDeadlineSeconds: number(200, 900) },
        { requiredKeys: ["progressDeadlineSeconds"] },
      ),
      shutdown: some({ sleepSeconds: number(0, 30), drainSeconds: number(0, 30), gracePeriodSeconds: number(60, 120) }),
    },
    { requiredKeys: ["ports", "rollout"] },
  );
});

const resources = some({
  cpu: millicores(50, 500),
  cpuLimit: millicores(500, 4000),
  memory: mebibytes(16, 512),
  memoryLimit: mebibytes(512, 4096),
  ephemeralStorage: mebibytes(1, 64),
  ephemeralStorageLimit: mebibytes(512, 4096),
});

const toleration = fc.oneof(
  fc.record({ operator: fc.constant("Exists") }),
  some({ key: word, effect: fc.constantFrom("NoSchedule", "PreferNoSchedule", "NoExecute") }),
  fc.record({ key: word, value: word, operator: fc.constant("Equal") }),
);

const placement = some({
  priorityClassName: word,
  nodeSelector: labels,
  tolerations: few(toleration),
  affinity: some({ nodeAffinity: fc.constant({}), podAffinity: fc.constant({}), podAntiAffinity: fc.constant({}) }),
  topologySpread: fc.constantFrom("preferred", "required", "none"),
});

const configuration = some({
  env: map("E_", text),
  secretEnv: map("S_", text),
  envFromSecret: map("F_", fc.record({ name: word, key: word })),
  files: map("/etc/plain/", text),
  secretFiles: map("/etc/secret/", text),
  secretFolders: map("/etc/folder/", word),
});

const volume = fc.oneof(
  fc.record({ kind: fc.constant("emptyDir"), size: mebibytes(1, 64) }),
  fc.record(
    {
      kind: fc.constant("persistent"),
      size: mebibytes(1, 64),
      storageClass: word,
      accessMode: fc.constantFrom("ReadWriteMany", "ReadOnlyMany"),
    },
    { requiredKeys: ["kind", "size", "accessMode"] },
  ),
);
const volumes = map("v", volume).map((all) =>
  Object.fromEntries(Object.entries(all).map(([name, fields]) => [name, { ...fields, mountPath: `/var/${name}` }])),
);

const peer = fc.record({ namespace: word, podLabels: labels }, { requiredKeys: ["namespace"] });
const ports = few(number(1, 65535));
const network = some({
  isolated: fc.boolean(),
  peers: few(peer),
  destinations: few(
    fc.oneof(fc.record({ service: word, ports }, { requiredKeys: ["service"] }), fc.record({ cidr, ports }, { requiredKeys: ["cidr"] })),
  ),
  ingressController: peer,
  ingressCidrs: few(cidr),
  dnsAnywhere: fc.boolean(),
});
const serviceAccount = some({
  annotations,
  rules: few(
    fc.record(
      { apiGroups: few(fc.constantFrom("", "apps")), resources: few(word), verbs: few(word), resourceNames: few(word) },
      { requiredKeys: ["apiGroups", "resources", "verbs"] },
    ),
  ),
});

/** Services publish different ports. */
const publishing = (first: number) => {
  const forwarded = (port: number) =>
    fc.record(
      { port: fc.constant(port), targetPort: number(10_000, 19_999), protocol: fc.constantFrom("TCP", "UDP") },
      { requiredKeys: ["port"] },
    );
  return some({
    publish: some({ http: fc.record({ port: fc.constant(first) }), "x-a": forwarded(first + 1), "x-b": forwarded(first + 2) }),
  });
};

/** Hosts contain the name of the service, so that hosts of different services never conflict. */
const exposure = (name: string) => {
  const host = fc.constantFrom("", "*.", "www.").map((start) => `${start}${name}.example.org`);
  const routes = fc.uniqueArray(fc.record({ host, path: word.map((w) => `/${w}`) }), {
    minLength: 1,
    maxLength: 4,
    selector: (route) => route.host + route.path,
  });
  const hosts = fc.oneof(fc.record({ host }), fc.record({ routes }), fc.record({ host, routes }));
  // The suffix prevents a conflict with the Secret of a service, which has the name of the service.
  const tls = some({ secretName: word.map((name) => `${name}-tls-certificate`), clusterIssuer: word, redirect: fc.boolean() });
  const controller = fc.oneof(
    some({ ingressClassName: fc.constant("traefik"), connectRetries: number(0, 9) }),
    fc.record({ ingressClassName: fc.constant("nginx"), connectRetries: fc.constant(0) }, { requiredKeys: ["ingressClassName"] }),
  );
  const shared = some({ expose: fc.constant("ingress"), tls, ingressAnnotations: annotations, awaitAddress: fc.boolean() });
  const ingress = fc.tuple(shared, controller).map((parts): object => Object.assign({}, ...parts));
  const made = fc.record({
    expose: fc.constant("gateway"),
    tls,
    gateway: fc.record(
      { className: fc.constant("traefik"), httpPort: number(1, 99), httpsPort: number(100, 199) },
      { requiredKeys: ["className"] },
    ),
  });
  const given = fc.record(
    { expose: fc.constant("gateway"), tls: some({ redirect: fc.boolean() }), gateway: some({ name: word, namespace: word }) },
    { requiredKeys: ["expose"] },
  );
  const exposed = fc.tuple(hosts, fc.oneof(ingress, made, given)).map((parts): object => Object.assign({}, ...parts));
  return fc.oneof(some({ expose: fc.constant("none") }), exposed);
};

const service = (name: string, others: string[]): fc.Arbitrary<Service> =>
  fc
    .tuple(
      image,
      scaling,
      life,
      some({ resources, volumes, network, serviceAccount, calls: fc.subarray(others) }),
      some({ command: few(text), args: few(text), workingDir: word.map((w) => `/${w}`), security }),
      fc.oneof(some({ user: number(1, 65_535) }), fc.record({ user: number(1, 65_535), group: number(0, 65_535) })),
      placement,
      configuration,
      exposure(name),
      publishing(others.some((other) => other < name) ? 20_000 : 21_000),
      some({ after: fc.subarray(others.filter((other) => other < name)) }),
      fc.constantFrom({}, { kind: "stateless" }, { kind: "stateful", rollout: { progressDeadlineSeconds: 200 } }),
    )
    .map((parts): Service => Object.assign({}, ...parts));

const security = fc.oneof(
  some({ level: fc.constant("restricted"), readOnlyRootFilesystem: fc.constant(true) }),
  fc.record(
    {
      level: fc.constant("baseline"),
      reason: fc.constant("it needs it"),
      capabilities: fc.uniqueArray(fc.constantFrom(...baselineCapabilities), { maxLength: 3 }),
      readOnlyRootFilesystem: fc.boolean(),
    },
    { requiredKeys: ["level", "reason"] },
  ),
);

const job = fc
  .tuple(
    image,
    some({ resources, serviceAccount, retries: number(0, 9), timeoutSeconds: number(1, 999), network: some({ isolated: fc.boolean() }) }),
    some({ command: few(text), args: few(text), security }),
    configuration,
    some({
      schedule: fc.record(
        {
          cron: fc.constantFrom("0 3 * * *", "*/5 * * * 1-5", "@daily"),
          timeZone: fc.constantFrom("Etc/UTC", "Europe/Berlin"),
          concurrencyPolicy: fc.constantFrom("Allow", "Forbid", "Replace"),
          startingDeadlineSeconds: number(10, 99),
          successfulJobsHistoryLimit: number(0, 9),
          failedJobsHistoryLimit: number(0, 9),
          suspend: fc.boolean(),
        },
        { requiredKeys: ["cron"] },
      ),
    }),
  )
  .map((parts): Service => Object.assign({}, ...parts));

const names = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(word) },
  { weight: 1, arbitrary: fc.uniqueArray(word, { minLength: 2, maxLength: 2 }) },
);
const services = names.chain((all) =>
  fc.record(
    Object.fromEntries(
      all.map((name) => [
        name,
        service(
          name,
          all.filter((other) => other !== name),
        ),
      ]),
    ),
  ),
);

/** Valid settings of a whole stack with any subset of all fields. */
export const validStack = fc.record(
  {
    platform: fc.constant("local"),
    services,
    // No service has a name with a dash.
    jobs: fc.dictionary(
      word.map((w) => `job-${w}`),
      job,
      { maxKeys: 1 },
    ),
    local: some({
      ports: fc.record({ api: number(1000, 1999), http: number(2000, 2999), https: number(3000, 3999), registry: number(4000, 4999) }),
      nodeImage: word,
      registryImage: word,
    }),
  },
  { requiredKeys: ["services"] },
);
export type Stack = { services: Record<string, Service> } & Record<string, unknown>;
