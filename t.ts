import { registrationsOf } from "./pipeline/render.ts";
import { readStack } from "./stack-file.ts";
for (const s of process.argv.slice(2)) {
const t=performance.now();
const r = await registrationsOf(readStack(s));
console.log(s, r.length, (performance.now()-t).toFixed(0)+" ms", (process.memoryUsage().rss/2**20).toFixed(0));
for (const x of r) { const j=JSON.stringify(x.inputs); if (j.includes("04da6b54")) console.log("unknown in", x.type, x.name, j.match(/"([^"]+)":"04da6b54[^"]*"/g)); }
console.log(JSON.stringify(r.find(x=>x.type.endsWith("apps/v1:Deployment"))?.inputs.spec.template.spec.containers[0].image));
}
process.exit(0)
