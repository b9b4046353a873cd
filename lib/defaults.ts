/** The given values, and the defaults where a value is missing or `undefined`. */
export function withDefaults<D extends object, G extends object>(defaults: D, given: G | undefined): D & G {
  const present = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(present) } as D & G;
}
