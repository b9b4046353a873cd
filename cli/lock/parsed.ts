/** A value of the configuration. One of a wrong shape is reported by the program. */
export function parsed(text = "{}"): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
