import { Address4 } from "ip-address";

/** CIDR blocks of the subnets of each kind, one for each zone in the order of the zones. */
export interface SubnetLayout {
  public: string[];
  private: string[];
  intra: string[];
}

/** The range of a network that names none. */
export const defaultCidr = "10.0.0.0/16";

/** How many zones there is room for. */
export const mostZones = 4;

/** The least that AWS makes, https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html. */
const leastAddresses = 16;

/**
 * Divides a range for 2 to 4 zones: the first half into four for private subnets, where nodes and pods are; of the other half
 * as much as public and intra subnets need, at most a quarter of a private one each where AWS has blocks that small. A zone's
 * blocks do not depend on how many zones come after it, so that one can be added.
 *
 * @param cidr A range that `problemsWithCidr` has nothing against.
 */
export function layOut(cidr: string, zones: number): SubnetLayout {
  const range = new Address4(cidr);
  const addresses = 2 ** (32 - range.subnetMask);
  const large = addresses / 2 / mostZones;
  const small = Math.max(leastAddresses, large / 4);
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

/** Whether two ranges share addresses. What is no range shares none. */
export function overlaps(a: string, b: string): boolean {
  const [one, other] = [parse(a), parse(b)];
  return one !== undefined && other !== undefined && (one.isInSubnet(other) || other.isInSubnet(one));
}

/** Whether a text is a range of IPv4 addresses in its one right form. */
export function isRange(cidr: string): boolean {
  return parse(cidr) !== undefined;
}

/** What a VPC of an EKS cluster may have, https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html. */
export const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/** What is wrong with the range of a network, if anything. */
export function problemsWithCidr(cidr: string): string[] {
  const range = parse(cidr);
  if (range === undefined) return [`must be an IPv4 range such as 10.0.0.0/16 (got "${cidr}")`];
  const { subnetMask } = range;
  const start = `${range.startAddress().correctForm()}/${subnetMask}`;
  return [
    subnetMask < 16 && `must be from /16, the most that AWS makes, to /24 (got "${cidr}"); make it smaller`,
    subnetMask > 24 && `must be from /16 to /24, the least with room for all subnets (got "${cidr}"); make it larger`,
    start !== cidr && `must begin where a range of its size can (got "${cidr}"); did you mean ${start}?`,
    !privateRanges.some((allowed) => range.isInSubnet(new Address4(allowed))) &&
      `must be in ${privateRanges.slice(0, -1).join(", ")} or ${privateRanges.at(-1)} (got "${cidr}"): other addresses have owners, who could not be reached`,
  ].filter((problem) => problem !== false);
}

/** A range in its one right form; such as 10.0.0.0, 10.0.0.0/016 or 010.0.0.0/16 are none. */
function parse(cidr: string): Address4 | undefined {
  if (!Address4.isValid(cidr)) return undefined;
  const range = new Address4(cidr);
  return `${range.correctForm()}/${range.subnetMask}` === cidr ? range : undefined;
}
