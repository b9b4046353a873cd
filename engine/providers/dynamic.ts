import type * as pulumi from "@pulumi/pulumi";
import requireFromString from "require-from-string";
import type { Change, Properties, Provider } from "./provider.ts";

/** Dynamic resources, run from the provider that was serialised with them, as the real engine does. */
export const dynamicProvider: Provider = {
  async read(state) {
    const provider = providerOf(state.outputs);
    if (!provider.read) return state.outputs;
    const result = await provider.read(String(state.id), state.outputs);
    return result.id ? { ...result.props, ...keep(state.outputs) } : undefined;
  },

  async diff(state, live, inputs): Promise<Change> {
    const result = await providerOf(inputs).diff?.(String(state.id), live, inputs);
    if (!result?.changes) return { kind: "same" };
    return { kind: result.replaces?.length ? "replace" : "update", reasons: result.replaces ?? [] };
  },

  async create(_type, inputs) {
    const { id, outs } = await providerOf(inputs).create(inputs);
    return { id, outputs: { ...outs, ...keep(inputs) } };
  },

  async update(state, inputs) {
    const result = await providerOf(inputs).update?.(String(state.id), state.outputs, inputs);
    return { ...(result?.outs ?? inputs), ...keep(inputs) };
  },

  async foretell(_state, _type, inputs) {
    return inputs;
  },

  async delete(state) {
    await providerOf(state.outputs).delete?.(String(state.id), state.outputs);
  },
};

const key = "__provider";
const providers = new Map<string, pulumi.dynamic.ResourceProvider>();

function providerOf(properties: Properties): pulumi.dynamic.ResourceProvider {
  const text = String(properties[key]);
  const known = providers.get(text) ?? (requireFromString(text) as { handler(): pulumi.dynamic.ResourceProvider }).handler();
  providers.set(text, known);
  return known;
}

function keep(properties: Properties): Properties {
  return { [key]: properties[key] };
}
