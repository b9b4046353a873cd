import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTemplateRenderer, type TemplateContext, type TemplateValue } from "nunjitsu";
import { parse } from "yaml";

// What Backstage's scaffolder does with a template, after NunjucksWorkflowRunner and the action fetch:template of
// @backstage/plugin-scaffolder-backend 4.3, which renders with nunjitsu, too. Steps that need a server are only recorded.

interface Step {
  id: string;
  action: string;
  each?: string;
  input: Input;
}
type Input = Record<string, unknown>;

/** Runs a template with the values of its form in a workspace. Returns the inputs of the steps that need a server, by action. */
export function scaffold(template: string, parameters: Record<string, TemplateValue>, workspace: string): Record<string, Input> {
  const { spec } = parse(readFileSync(join(template, "template.yaml"), "utf8")) as { spec: { steps: Step[] } };
  const renderer = createTemplateRenderer({ allowRegexExecution: true, filters: { projectSlug } });
  const render = (input: unknown, context: TemplateContext): unknown =>
    JSON.parse(JSON.stringify(input), (_key, value: unknown) =>
      typeof value === "string" ? renderer.renderValue(value, context, { coercion: "json" }) : value,
    );
  const others: Record<string, Input> = {};
  for (const { action, each, input } of spec.steps) {
    const iterations = each === undefined ? [{}] : (render(each, { parameters }) as string[]).map((value) => ({ each: { value } }));
    for (const iteration of iterations) {
      const given = render(input, { parameters, steps: {}, ...iteration }) as Input;
      if (action === "fetch:template") copy(join(template, String(given["url"])), workspace, { values: given["values"] as TemplateValue });
      else others[action] = given;
    }
  }
  return others;

  function copy(from: string, to: string, context: TemplateContext): void {
    for (const entry of readdirSync(from, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())) {
      const source = join(entry.parentPath, entry.name);
      const target = join(to, renderer.render(source.slice(from.length), context));
      mkdirSync(join(target, ".."), { recursive: true });
      writeFileSync(target, renderer.render(readFileSync(source, "utf8"), context), { flag: "wx" });
    }
  }
}

/** Of the value of a RepoUrlPicker: `github.com?owner=acme&repo=shop` → `acme/shop`. */
function projectSlug(repoUrl: TemplateValue | undefined): string {
  const { searchParams } = new URL(`https://${repoUrl as string}`);
  return `${searchParams.get("owner")}/${searchParams.get("repo")}`;
}
