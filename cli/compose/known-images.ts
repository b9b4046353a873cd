/** What a well-known image needs, and Compose files need not say. */
export interface KnownImage {
  port: number;
  /** Further ports by name. @default - none. */
  ports?: Record<string, number>;
  /** User and group ID of the image's user, by tag. @default - Slipway's default: the image runs as any user. */
  user?: (tag: string) => { user: number; group?: number };
  /** Folders with data. One without a volume in the Compose file gets a persistent one. */
  data: string[];
  /** Folders that it writes to besides, which need no volume in Compose because the root file system is writable there. */
  writable: string[];
  /** Memory that it needs. */
  memory: string;
  /** Whether it speaks HTTP on `port`. @default false */
  http?: boolean;
  /** Whether it needs a stable host name. @default false */
  stateful?: boolean;
  /** Environment for data in a folder. @default - none. */
  env?: (dataPath: string) => Record<string, string>;
}

const user =
  (id: number, group = id) =>
  () => ({ user: id, ...(group !== id && { group }) });
const mysql: KnownImage = { port: 3306, user: user(999), data: ["/var/lib/mysql"], writable: ["/run/mysqld", "/tmp"], memory: "768Mi" };
const redis: KnownImage = { port: 6379, user: user(999, 1000), data: ["/data"], writable: [], memory: "128Mi" };

/** By the last part of the image's name. From the Dockerfiles of the official images. */
const knownImages: Record<string, KnownImage> = {
  postgres: {
    port: 5432,
    user: (tag) => ({ user: tag.includes("alpine") ? 70 : 999 }),
    data: ["/var/lib/postgresql/data"],
    writable: ["/var/run/postgresql", "/tmp"],
    memory: "256Mi",
    // The folder of a volume belongs to root on Kubernetes, and PostgreSQL wants its own.
    env: (path): Record<string, string> => (path === "/var/lib/postgresql/data" ? { PGDATA: `${path}/pgdata` } : {}),
  },
  mysql: { ...mysql, writable: ["/var/run/mysqld", "/tmp"] },
  mariadb: { ...mysql, memory: "384Mi" },
  redis,
  valkey: redis,
  mongo: { port: 27017, user: user(999), data: ["/data/db", "/data/configdb"], writable: ["/tmp"], memory: "512Mi" },
  rabbitmq: {
    port: 5672,
    user: (tag) => (tag.includes("alpine") ? { user: 100, group: 101 } : { user: 999 }),
    data: ["/var/lib/rabbitmq"],
    // It logs upgrades there, whatever RABBITMQ_LOGS says.
    writable: ["/var/log/rabbitmq", "/tmp"],
    memory: "512Mi",
    // The name of its data is that of the host.
    stateful: true,
  },
  nginx: {
    port: 80,
    user: user(101),
    data: [],
    writable: ["/var/cache/nginx", "/var/lib/nginx", "/run", "/tmp"],
    memory: "64Mi",
    http: true,
  },
  nats: { port: 4222, data: [], writable: ["/tmp"], memory: "64Mi" },
  minio: { port: 9000, ports: { console: 9001 }, data: ["/data"], writable: ["/tmp"], memory: "512Mi", http: true },
  memcached: { port: 11211, user: user(11211), data: [], writable: [], memory: "128Mi" },
};

/** Namespaces of the official images on Docker Hub. */
const namespaces = ["library", "minio", "valkey"];

/** What is known of an image such as `postgres:16-alpine`, also in a registry of its own: `registry.example/postgres:16`. */
export function knownImage(image: string | undefined): { known: KnownImage; tag: string } | undefined {
  const [, path = "", tag = ""] = /^([^@]+?)(?::([\w.-]+))?(?:@.*)?$/.exec(image ?? "") ?? [];
  const [first = "", ...rest] = path.split("/");
  const hasRegistry = rest.length > 0 && /[.:]|^localhost$/.test(first);
  const parts = hasRegistry ? rest : [first, ...rest];
  const name = parts.at(-1)!;
  const isOfficial = hasRegistry || parts.length === 1 || (parts.length === 2 && namespaces.includes(parts[0]!));
  return isOfficial && Object.hasOwn(knownImages, name) ? { known: knownImages[name]!, tag } : undefined;
}
