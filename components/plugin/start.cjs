// What Pulumi runs for the plugin, `main` of package.json. CommonJS, because Pulumi loads it with `require` and then calls the function.
"use strict";

/** Serves the components until Pulumi ends the process. */
module.exports = async () => {
  const { serve } = await import("./serve.ts");
  await serve(process.argv.slice(2));
};
