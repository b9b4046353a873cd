const factors: Record<string, number> = {
  "": 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Syntax of a quantity, https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/. */
export const quantityPattern = /^(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/;

/** `250m` → 0.25, `64Mi` → 67108864; undefined if the text is not a quantity. */
export function parseQuantity(text: string): number | undefined {
  const [, number, suffix = ""] = quantityPattern.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * factors[suffix]!;
}

/** A number of bytes in the largest unit that holds it exactly. */
export function formatBytes(bytes: number): string {
  const unit = ["Gi", "Mi", "Ki"].find((u) => bytes % factors[u]! === 0);
  return unit === undefined ? String(Math.floor(bytes)) : `${bytes / factors[unit]!}${unit}`;
}
