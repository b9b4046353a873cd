import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { componentSchema, componentSchemaFile } from "../../../scripts/component-schema.ts";

const schema = readFileSync(componentSchemaFile, "utf8");

test("the plugin's schema is generated from the types of the components (npm run fix updates it)", () => {
  expect(schema).toBe(componentSchema());
});

// From https://github.com/pulumi/pulumi/blob/master/pkg/codegen/schema/pulumi.json (Apache-2.0).
test("the plugin's schema has the form that Pulumi publishes", () => {
  const metaschema = JSON.parse(readFileSync("test/fixtures/pulumi-package-metaschema.json", "utf8")) as object;
  const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(metaschema);
  validate(JSON.parse(schema));
  expect(validate.errors ?? []).toEqual([]);
});
