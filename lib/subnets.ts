import { Address4 } from "ip-address";

/** Ranges of the subnets of each kind, in the order of the zones. */
export interface SubnetLayout {
  public: string[];
  private: string[];
  intra: string[];
}

/** The default range of a network. */
export const defaultCidr = "10.0.0.0/16";

/** The maximum number of zones. */
export const mostZones = 4;

/** Addresses of the smallest subnet that AWS allows, https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html. */
const minAddresses = 16;

/**
 * Divides a range into subnets for 2 to 4 zones. The first half has four private subnets, for nodes and pods. The second half has the public
 * and intra subnets, each a quarter of a private one, or the smallest that AWS allows. A zone's subnets do not depend on the zones after it,
 * so a zone can be added later.
 *
 * @param cidr A range without problems, as checked by `problemsWithCidr`.
 */
export function layOut(cidr: string, zones: number): SubnetLayout {
  const range = new Address4(cidr);
  const addresses = 2 ** (32 - range.subnetMask);
  const large = addresses / 2 / mostZones;
  const small = Math.max(minAddresses, large / 4);
  const blocks = (offset: number, size: number) =>
    Array.from({ length: zones }, (_, zone) => {
      const first = Address4.fromBigInt(range.bigInt() + BigInt(offset + zone * size));
      return `${first.correctForm()}/${32 - Math.log2(size)}`;
    });
  return {
    private: blocks(0, large),
    public: blocks(addresses / 2, small),
    intra: blocks(addresses / 2 + mostZones * small, small),
  };
}

/** Whether two ranges share addresses. Invalid ranges share none. */
export function overlaps(a: string, b: string): boolean {
  const [one, other] = [parse(a), parse(b)];
  return one !== undefined && other !== undefined && (one.isInSubnet(other) || other.isInSubnet(one));
}

/** Whether a text is an IPv4 range in canonical form. The address need not be the first of the range. */
export function isRange(cidr: string): boolean {
  return parse(cidr) !== undefined;
}

/** Private ranges that a VPC with an EKS cluster may use, https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html. */
export const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/** What is wrong with the range of a network. */
export function problemsWithCidr(cidr: string): string[] {
  const range = parse(cidr);
  if (range === undefined) return [`must be an IPv4 range, such as 10.0.0.0/16 (got "${cidr}")`];
  const { subnetMask } = range;
  const start = `${range.startAddress().correctForm()}/${subnetMask}`;
  return [
    subnetMask < 16 && `must be between /16 and /24 (got "${cidr}"). AWS allows no larger VPC`,
    subnetMask > 24 && `must be between /16 and /24 (got "${cidr}"). The subnets do not fit into a smaller range`,
    start !== cidr && `must start at its network address (got "${cidr}"). Use ${start}`,
    !privateRanges.some((allowed) => range.isInSubnet(new Address4(allowed))) &&
      `must be within ${privateRanges.slice(0, -1).join(", ")} or ${privateRanges.at(-1)} (got "${cidr}"). Other addresses are public, and their owners would become unreachable`,
  ].filter((problem) => problem !== false);
}

/** Reads a range in canonical form. 10.0.0.0, 10.0.0.0/016 and 010.0.0.0/16 are rejected. */
function parse(cidr: string): Address4 | undefined {
  if (!Address4.isValid(cidr)) return undefined;
  const range = new Address4(cidr);
  return `${range.correctForm()}/${range.subnetMask}` === cidr ? range : undefined;
}
