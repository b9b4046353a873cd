// In JavaScript, for Pulumi has policy packs in TypeScript compiled, and checked, at every start.
import "./pack.ts";
