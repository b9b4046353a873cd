import type * as pulumi from "@pulumi/pulumi";
import requireFromString from "require-from-string";
import { differences, type Properties } from "../lib/values.ts";
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

  async drift({ id, inputs, outputs }) {
    const provider = load(outputs);
    const live = (await provider.read?.(String(id), outputs)) ?? { id, props: outputs };
    if (!live.id) return { kind: "gone", problem: "does not exist" };
    const { changes, replaces = [] } = (await provider.diff?.(String(id), live.props, inputs)) ?? {};
    if (changes !== true) return { kind: "same" };
    const paths = differences(live.props, outputs).map(({ path }) => path);
    return {
      kind: "changed",
      live: live.props,
      restored: outputs,
      paths: paths.length > 0 ? paths : replaces,
      replaces: replaces.length > 0,
    };
  },
};

const loaded = new Map<string, pulumi.dynamic.ResourceProvider>();

function load({ __provider: text }: Properties): pulumi.dynamic.ResourceProvider {
  const provider = loaded.get(text) ?? (requireFromString(text) as { handler(): pulumi.dynamic.ResourceProvider }).handler();
  loaded.set(text, provider);
  return provider;
}
