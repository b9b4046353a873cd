import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { basename, join, resolve } from "node:path";
import { parse } from "yaml";
import { pulumiNew, type NewProject } from "../pulumi-new.ts";
import { get, ports } from "./checkout.ts";

/** The npm package, installed by package.test.ts. */
interface Installed {
  /** The folder whose node_modules has it. */
  folder: () => string;
  run: (command: string, args: string[], cwd?: string, env?: Record<string, string>) => { code: number | null; out: string };
}

/** Creates a project from a template, as `pulumi new` does, with the packages that are installed. Returns its folder. */
function projectOf(folder: string, template: string, values: Partial<NewProject> = {}): string {
  const home = join(folder, template);
  rmSync(home, { recursive: true, force: true });
  pulumiNew(join("templates", template), home, { name: `integration-${template}`, description: "A test", ...values });
  symlinkSync(join(folder, "node_modules"), join(home, "node_modules"));
  return home;
}

/** Tests the projects that `pulumi new` makes of the templates. */
export function describeTemplates({ folder, run }: Installed): void {
  describe("the templates for pulumi new", () => {
    beforeAll(() => {
      // What npm would install for their devDependencies.
      const modules = join(folder(), "node_modules");
      symlinkSync(resolve("node_modules/typescript-native"), join(modules, "typescript"));
      symlinkSync(join(modules, "typescript/bin/tsc"), join(modules, ".bin/tsc"));
    });

    test.each(["eks-platform", "eks-service", "kubernetes-service", "platform-library"])("the types of %s are correct", (template) => {
      expect(run("node_modules/.bin/tsc", [], projectOf(folder(), template))).toEqual({ code: 0, out: "" });
    });

    test("the tests of platform-library pass, and npm packs what projects need", () => {
      const home = projectOf(folder(), "platform-library");
      const { code, out } = run("npm", ["test"], home);
      expect([code, out]).toEqual([0, expect.stringMatching(/✓ example.ts: types\n✓ stack local: valid[^]*pass 3\n.*fail 0\n/)]);
      expect(run("npm", ["pack"], home).code).toBe(0);
      const installed = join(folder(), "node_modules/integration-platform-library");
      mkdirSync(installed);
      const tar = run("tar", ["-xzvf", join(home, "integration-platform-library-0.1.0.tgz"), "--strip-components=1"], installed);
      expect(tar.out.trim().split("\n").sort()).toEqual([
        "package/README.md",
        "package/dist/index.d.ts",
        "package/dist/index.js",
        "package/dist/team-service.d.ts",
        "package/dist/team-service.js",
        "package/package.json",
        "package/slipway.yaml",
      ]);
    });

    test("a project that extends the library gets its defaults, locks and components", () => {
      const home = projectOf(folder(), "eks-service");
      appendFileSync(join(home, "stacks/Pulumi.local.yaml"), "  slipway:extends: integration-platform-library\n");
      const file = "../node_modules/integration-platform-library/slipway.yaml";
      const { out } = run("node_modules/.bin/slipway", ["config", "explain", "services.web"], home);
      expect(out).toMatch(new RegExp(`^services.web.replicas +3 +default of ${file}:8$`, "m"));
      const isolated = `^services.web.network.isolated +true +locked in ${file}:22: Traffic that is not declared is blocked`;
      expect(out).toMatch(new RegExp(isolated, "m"));
      const program = [
        'import { TeamService } from "integration-platform-library";',
        'new TeamService("shop", { team: "checkout", image: "shop@sha256:1" });',
        'new TeamService("shop", { team: "checkout", image: "shop@sha256:1", host: "shop.example.org" });',
      ];
      writeFileSync(join(home, "index.ts"), program.join("\n"));
      expect(run("node_modules/.bin/tsc", [], home).out.match(/^index.ts.*/gm)).toEqual([
        expect.stringMatching(/^index.ts\(3,69\): error TS2353: .*'host' does not exist in type 'TeamServiceArgs'/),
      ]);
    });
  });
}

/**
 * Deploys the template of a service on an existing cluster beside a project, in its cluster and its namespace. A namespace of its own would take half a
 * minute to delete.
 */
export async function deployTemplate({ folder, run }: Installed, project: string): Promise<void> {
  const outputs = JSON.parse(run("node_modules/.bin/slipway", ["outputs"], project).out) as Record<string, string>;
  const { kubeconfigFile = "", registry } = outputs;
  const { "current-context": context = "" } = parse(readFileSync(kubeconfigFile, "utf8")) as Record<string, string>;
  const host = "template.localhost";
  const platform = `linux/${process.arch === "x64" ? "amd64" : process.arch}`;
  const home = projectOf(folder(), "kubernetes-service", {
    stack: "test",
    config: {
      context,
      registry: `${registry}/team`,
      platform,
      host,
      ingressNamespace: "kube-system",
      replicas: "1",
      namespace: `${basename(project)}-local`,
    },
  });
  // What `pulumi up` and `pulumi destroy` do, with the engine of the package, because the program is not Slipway's.
  const slipway = join(folder(), "node_modules/slipway");
  const script = `
    import { readStack } from "${slipway}/config/stack-file.js";
    import * as engine from "${slipway}/engine/main.js";
    process.exitCode = (await engine[process.argv[2]](readStack("test"), process.stdout)) === false ? 1 : 0;`;
  writeFileSync(join(home, "engine.js"), script);
  const engine = (operation: string) => run(process.execPath, ["engine.js", operation], home, { KUBECONFIG: kubeconfigFile });
  expect(engine("up")).toEqual({ code: 0, out: expect.stringMatching(/\n8 created \(/) as string });
  expect(await get(host)).toMatchObject({ status: 301 });
  expect(await getOverTls(host)).toEqual([200, "Hello World\n"]);
  expect(engine("up")).toEqual({ code: 0, out: expect.stringMatching(/^8 unchanged \(/) as string });
  expect(engine("down")).toEqual({ code: 0, out: expect.stringMatching(/\n8 deleted \(/) as string });
}

/** Sends a request over HTTPS, without checking the certificate. Returns the status and the body. */
function getOverTls(host: string): Promise<[number | undefined, string]> {
  return new Promise((done, failed) => {
    const options = { host: "127.0.0.1", port: ports.https, servername: host, headers: { host }, rejectUnauthorized: false, agent: false };
    request(options, (response) => {
      let body = "";
      response.on("data", (part) => (body += part)).on("end", () => done([response.statusCode, body]));
    })
      .on("error", failed)
      .end();
  });
}
