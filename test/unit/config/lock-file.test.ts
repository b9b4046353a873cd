import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLockFile, writeLockFile } from "../../../config/lock-file.ts";
import { useLockedAddons } from "../../../config/locked-addons.ts";
import { useLockedImages, withExampleDigests } from "../../../config/locked-images.ts";
import { formatProblem } from "../../../lib/problem.ts";

const checkout = process.cwd();
const file = "stacks/slipway-lock.shop.yaml";
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-lock-"));
  process.chdir(folder);
  writeFileSync("Pulumi.yaml", "name: slipway\nstackConfigDir: stacks\n");
  mkdirSync("stacks");
});
afterEach(() => {
  process.chdir(checkout);
  rmSync(folder, { recursive: true });
});

describe("the lock file", () => {
  test("is empty if it does not exist, and is deleted when it becomes empty", () => {
    expect(readLockFile("shop")).toEqual({ file, addons: {}, images: {} });
    writeLockFile("shop", { file, addons: {}, images: { db: { image: "postgres:16", digest: digest("1") } } });
    expect(existsSync(file)).toBe(true);
    writeLockFile("shop", { file, addons: {}, images: {} });
    expect(existsSync(file)).toBe(false);
  });

  test("has its services in alphabetical order, and is read as it was written", () => {
    const images = { web: { image: "web:dev", id: digest("2") }, db: { image: "postgres:16", digest: digest("1") } };
    writeLockFile("shop", { file, addons: {}, images });
    expect(readFileSync(file, "utf8")).toBe(
      [
        "# What Pulumi.shop.yaml leaves open: digests of images by tag, versions of add-ons, promoted images. Written by slipway lock, promote and rollback. Commit slipway-lock.shop.yaml.",
        "images:",
        "  db:",
        "    image: postgres:16",
        `    digest: ${digest("1")}`,
        "  web:",
        "    image: web:dev",
        `    id: ${digest("2")}`,
        "",
      ].join("\n"),
    );
    expect(readLockFile("shop")).toEqual({ file, addons: {}, images });
  });

  test("has the images that a rollback replaced, with who did it and when", () => {
    const image = `example.org/web@${digest("1")}`;
    const lock = {
      file,
      addons: {},
      images: {},
      held: { web: [{ image, deployment: 4, reason: "slow", by: "ada", since: "2026-11-28" }] },
    };
    writeLockFile("shop", lock);
    expect(readLockFile("shop")).toEqual(lock);
    writeFileSync(file, "held: {web: [{image: web:1, by: ada, since: yesterday}]}");
    expect(() => readLockFile("shop")).toThrow(
      "  - held.web[0].image: must be an image by digest.\n  - held.web[0].since: must be a day such as 2026-11-28.",
    );
  });

  const remedy = "Restore it from version control, or delete it and run slipway lock --stack shop.";

  test.each([
    [
      "images: {db: {image: a:1, digest: sha256:1}}",
      `is not a valid lock file. ${remedy}\n  - images.db.digest: must be a digest, sha256: and 64 hexadecimal digits.`,
    ],
    ["images: []", `is not a valid lock file. ${remedy}\n  - images: Invalid input: expected record, received array.`],
    ["imges: {}", `is not a valid lock file. ${remedy}\n  - Unrecognized key: "imges".`],
    ["images: {", `Flow map in block collection must be sufficiently indented and end with a } at line 1, column 10: ${remedy}`],
  ])("with the content %s is rejected", (text, message) => {
    writeFileSync(file, text);
    expect(() => readLockFile("shop")).toThrow(`${file}: ${message}`);
  });
});

describe("images by tag", () => {
  const locked = {
    file,
    addons: {},
    images: { db: { image: "postgres:16", digest: digest("1") }, dev: { image: "web:dev", id: digest("2") } },
  };
  const used = (services: Record<string, object>, platform = "docker") => {
    const problems = useLockedImages("services", services, locked, { stack: "shop", platform }).map(formatProblem);
    return { problems, images: Object.values(services).map((service) => (service as { image?: string }).image) };
  };

  test("are deployed by the digest in the lock file, and by ID if only the Docker Engine has them", () => {
    expect(
      used({ db: { image: "postgres:16" }, dev: { image: "web:dev" }, built: { source: "app" }, pinned: { image: `web@${digest("3")}` } }),
    ).toEqual({
      problems: [],
      images: [`postgres:16@${digest("1")}`, digest("2"), undefined, `web@${digest("3")}`],
    });
  });

  test("without an entry, or with one for another tag, are rejected with the command that locks them", () => {
    expect(used({ web: { image: "nginx" }, db: { image: "postgres:17" }, constructor: { image: "a:1" } }).problems).toEqual([
      `services.web.image: "nginx" is a tag, and ${file} has no digest for it. Run slipway lock --stack shop.`,
      `services.db.image: is "postgres:17", but ${file} has a digest for "postgres:16". Run slipway lock --stack shop.`,
      `services.constructor.image: "a:1" is a tag, and ${file} has no digest for it. Run slipway lock --stack shop.`,
    ]);
  });

  test.each(["local", "swarm", "eks"])("that only the Docker Engine has are rejected on %s", (platform) => {
    expect(used({ dev: { image: "web:dev" } }, platform).problems).toEqual([
      `services.dev.image: "web:dev" is only in this machine's Docker Engine, and ${platform} pulls images from registries. Tag it for a registry, push it (docker push), set that image, and run slipway lock --update dev --stack shop.`,
    ]);
  });

  describe("and users by name", () => {
    const user = { name: "postgres", uid: 999, gid: 998 };
    const pinned = `web@${digest("3")}`;
    const withUsers = {
      file,
      addons: {},
      images: {
        db: { image: "postgres:16", digest: digest("1"), user },
        web: { image: pinned, digest: digest("3"), user: { ...user, name: "app" } },
        dev: { image: "web:dev", id: digest("2") },
      },
    };
    const resolved = (services: Record<string, object>, given: string[] = []) => {
      const problems = useLockedImages("services", services, withUsers, { stack: "shop", platform: "docker", given }).map(formatProblem);
      return { problems, services };
    };

    test("get the IDs in the lock file, and the group unless it is set", () => {
      const db = { image: "postgres:16", user: "postgres" };
      const given = { db, web: { image: pinned, user: "app", group: 0 } };
      expect(resolved(given)).toEqual({
        problems: [],
        services: { db: { image: `postgres:16@${digest("1")}`, user: 999, group: 998 }, web: { image: pinned, user: 999, group: 0 } },
      });
    });

    test("keep their IDs in a rollback to another digest", () => {
      const earlier = `127.0.0.1:5001/db@${digest("9")}`;
      expect(resolved({ db: { image: earlier, user: "postgres" } }).problems.length).toBe(1);
      expect(resolved({ db: { image: earlier, user: "postgres" } }, ["db"])).toEqual({
        problems: [],
        services: { db: { image: earlier, user: 999, group: 998 } },
      });
    });

    test("without IDs are rejected with the remedy", () => {
      const { problems } = resolved({
        db: { image: "postgres:16", user: "root" },
        new: { image: `a@${digest("4")}`, user: "app" },
        dev: { image: "web:dev", user: "app" },
      });
      expect(problems).toEqual([
        `services.db.user: "root" is a name, and ${file} has no ID for it. Run slipway lock --stack shop.`,
        `services.new.user: "app" is a name, and ${file} has no ID for it. Run slipway lock --stack shop.`,
        `services.dev.user: "app" is a name, and "web:dev" is only in this machine's Docker Engine. Set the user's ID.`,
      ]);
    });

    test("are left to the schema if they are no names, or the image is built", () => {
      const services = { db: { image: pinned, user: "1000:1000" }, built: { source: "app", user: "app" } };
      expect(resolved(structuredClone(services))).toEqual({ problems: [], services });
    });
  });

  test("can have an example digest, to see what else is wrong", () => {
    const services = { db: { image: "postgres:16", port: 1 }, web: { source: "app" } };
    expect(withExampleDigests(services)).toEqual({ db: { image: `postgres:16@${digest("0")}`, port: 1 }, web: { source: "app" } });
    expect(services.db.image).toBe("postgres:16");
  });

  test("are left to the schema if services have a wrong shape", () => {
    for (const services of [undefined, "none", ["a"], { db: "postgres:16" }, { db: { image: 16 } }])
      expect(useLockedImages("services", services, locked, { stack: "shop", platform: "docker" })).toEqual([]);
  });
});

describe("EKS add-ons", () => {
  const locked = {
    file,
    images: {},
    addons: {
      coredns: { version: "v1.13.2-eksbuild.1", kubernetes: "1.36" },
      "metrics-server": { version: "v0.8.1-eksbuild.1", kubernetes: "1.36" },
    },
  };
  const used = (eks: object, lockFile = locked) => {
    const settings = structuredClone(eks) as { addonVersions?: object };
    const problems = useLockedAddons(settings, lockFile, "shop").map(formatProblem);
    return { problems, addonVersions: settings.addonVersions };
  };
  const nodeGroups = { system: {} };

  test("have the locked versions of those that the cluster has, and a given version comes first", () => {
    expect(used({})).toEqual({ problems: [], addonVersions: { "metrics-server": "v0.8.1-eksbuild.1" } });
    expect(used({ nodeGroups, version: 1.36, addonVersions: { coredns: "v1.13.1-eksbuild.1", "vpc-cni": "v1.21.0-eksbuild.1" } })).toEqual({
      problems: [],
      addonVersions: { coredns: "v1.13.1-eksbuild.1", "vpc-cni": "v1.21.0-eksbuild.1", "metrics-server": "v0.8.1-eksbuild.1" },
    });
  });

  test("locked for another Kubernetes version are rejected with the remedy", () => {
    expect(used({ version: "1.37" })).toEqual({
      problems: [
        `eks.version: is "1.37", but ${file} has the version of metrics-server for Kubernetes 1.36. Run slipway lock --stack shop.`,
      ],
      addonVersions: undefined,
    });
    expect(used({ version: "1.37", addonVersions: { "metrics-server": "v1" } }).problems).toEqual([]);
  });

  test("stay open without a lock file, on the cluster of another stack, and if the settings have a wrong shape", () => {
    expect(used({}, { ...locked, addons: {} as typeof locked.addons })).toEqual({ problems: [], addonVersions: undefined });
    expect(used({ stack: "organization/slipway/platform" })).toEqual({ problems: [], addonVersions: undefined });
    for (const eks of [undefined, "none", ["a"]]) expect(useLockedAddons(eks, locked, "shop")).toEqual([]);
  });

  test("are written after the images", () => {
    writeLockFile("shop", { ...locked, images: { db: { image: "postgres:16", digest: digest("1") } } });
    expect(readFileSync(file, "utf8").split("\n").slice(1)).toEqual([
      "images:",
      "  db:",
      "    image: postgres:16",
      `    digest: ${digest("1")}`,
      "addons:",
      "  coredns:",
      "    version: v1.13.2-eksbuild.1",
      '    kubernetes: "1.36"',
      "  metrics-server:",
      "    version: v0.8.1-eksbuild.1",
      '    kubernetes: "1.36"',
      "",
    ]);
    expect(readLockFile("shop").addons).toEqual(locked.addons);
  });
});
