/** How a container ended: `exited with code 1, restarted 3 times`. */
export function formatExit(code: number, restarts: number): string {
  const restarted = restarts === 0 ? "" : `, restarted ${restarts === 1 ? "once" : `${restarts} times`}`;
  return `exited with code ${code}${restarted}`;
}
