/** Name of the Service with the published ports. */
export function publishedName(service: string): string {
  return `${service}-published`;
}
