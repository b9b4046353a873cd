// Builds and pushes an image with GoImage's code, for comparison with `ko build`: node scripts/bench/build-and-push.ts SOURCE REPOSITORY
import { buildGo } from "../../components/internal/go-build.ts";

const [source = "", repository = ""] = process.argv.slice(2);
const build = buildGo({ source, compression: "none" });
const { push } = await import("../../components/internal/registry.ts"); // imported while Go compiles
const { descriptor, blobs } = await build;
await push({ repository, digest: descriptor.digest, tag: "latest", blobs });
process.stdout.write(`${repository}@${descriptor.digest}\n`);
