import type * as pulumi from "@pulumi/pulumi";
import requireFromString from "require-from-string";
import type { Properties } from "../lib/values.ts";
import type { Provider } from "./provider.ts";

/** Dynamic resources. Like Pulumi's engine, it runs the provider code that was serialised with each resource. */
export const dynamicProvider: Provider = {
  async diff(state, inputs) {
    const id = String(state.id);
    const live = (await load(state.outputs).read?.(id, state.outputs)) ?? { id, props: state.outputs };
    if (!live.id) return { kind: "gone" };
    const { changes, replaces = [], deleteBeforeReplace: deleteFirst } = (await load(inputs).diff?.(id, live.props, inputs)) ?? {};
    return changes ? { kind: replaces.length > 0 ? "replace" : "update", because: replaces, deleteFirst } : { kind: "same" };
  },

  async create(_type, inputs, { preview }) {
    if (preview) return { id: "", outputs: inputs };
    const { id, outs } = await load(inputs).create(inputs);
    return { id, outputs: { ...outs, __provider: inputs.__provider } };
  },

  async update(state, inputs, { preview }) {
    const result = preview ? undefined : await load(inputs).update?.(String(state.id), state.outputs, inputs);
    return { ...(result?.outs ?? inputs), __provider: inputs.__provider };
  },

  async delete(state) {
    await load(state.outputs).delete?.(String(state.id), state.outputs);
  },
};

const loaded = new Map<string, pulumi.dynamic.ResourceProvider>();

function load({ __provider: text }: Properties): pulumi.dynamic.ResourceProvider {
  const provider = loaded.get(text) ?? (requireFromString(text) as { handler(): pulumi.dynamic.ResourceProvider }).handler();
  loaded.set(text, provider);
  return provider;
}
