import fc from "fast-check";
import { layOut, overlaps, problemsWithCidr, type SubnetLayout } from "../../../lib/subnets.ts";

/** First address and size of a block, calculated without the library that the layout uses. */
function block(cidr: string): { first: number; size: number } {
  const [address = "", prefix] = cidr.split("/");
  return { first: address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0), size: 2 ** (32 - Number(prefix)) };
}
const textOf = (first: number, prefix: number) =>
  `${[24, 16, 8, 0].map((bits) => Math.floor(first / 2 ** bits) % 256).join(".")}/${prefix}`;
const all = (layout: SubnetLayout) => [...layout.public, ...layout.private, ...layout.intra];

/** Every valid range of a network. */
const cidrs = fc
  .record({
    within: fc.constantFrom("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
    at: fc.nat(2 ** 24 - 1),
    prefix: fc.integer({ min: 16, max: 24 }),
  })
  .map(({ within, at, prefix }) => {
    const size = 2 ** (32 - prefix);
    return textOf(block(within).first + (at % (block(within).size / size)) * size, prefix);
  });
const zones = fc.integer({ min: 2, max: 4 });
const always = (holds: (cidr: string, zones: number) => boolean | void) => fc.assert(fc.property(cidrs, zones, holds), { numRuns: 2000 });

describe("in every valid range, with 2 to 4 zones,", () => {
  test("the range is valid", () => {
    always((cidr) => {
      expect(problemsWithCidr(cidr)).toEqual([]);
    });
  });

  test("each zone has a subnet of each kind, and all of a kind have the same size", () => {
    always((cidr, zones) => {
      const sizes = Object.values(layOut(cidr, zones) as unknown as Record<string, string[]>).map((kind) => kind.map((c) => block(c).size));
      expect(sizes.map((kind) => [kind.length, new Set(kind).size])).toEqual(Array(3).fill([zones, 1]));
    });
  });

  test("all subnets are in the range and none overlaps another", () => {
    always((cidr, zones) => {
      const range = block(cidr);
      const blocks = all(layOut(cidr, zones))
        .map(block)
        .sort((a, b) => a.first - b.first);
      const ends = [range.first, ...blocks.map(({ first, size }) => first + size)];
      return blocks.every(({ first }, i) => first >= ends[i]!) && ends.at(-1)! <= range.first + range.size;
    });
  });

  test("each subnet starts at a multiple of its size, which AWS allows", () => {
    always((cidr, zones) =>
      all(layOut(cidr, zones)).every((c) => {
        const { first, size } = block(c);
        return first % size === 0 && size >= 2 ** (32 - 28) && size <= 2 ** (32 - 16);
      }),
    );
  });

  test("a private subnet has an eighth of the range, and the others a quarter of a private one or the minimum of AWS", () => {
    always((cidr, zones) => {
      const layout = layOut(cidr, zones);
      const [one, other, intra] = [layout.private, layout.public, layout.intra].map(([c]) => block(c!).size);
      expect(other).toBe(Math.max(16, one! / 4));
      expect(intra).toBe(other);
      expect(one).toBe(block(cidr).size / 8);
    });
  });

  test("a public subnet has 8 addresses for a load balancer and one for a NAT gateway, besides the 5 that AWS reserves", () => {
    always((cidr, zones) => layOut(cidr, zones).public.every((c) => block(c).size - 5 >= 8 + 1));
  });

  test("another zone does not move the subnets of the others", () => {
    always((cidr, zones) => {
      if (zones === 4) return;
      const more = layOut(cidr, zones + 1);
      const fewer = { public: more.public.slice(0, -1), private: more.private.slice(0, -1), intra: more.intra.slice(0, -1) };
      expect(fewer).toEqual(layOut(cidr, zones));
    });
  });

  test("a range overlaps its own subnets, and no two subnets overlap", () => {
    always((cidr, zones) => {
      const subnets = all(layOut(cidr, zones));
      return subnets.every((a, i) => overlaps(cidr, a) && overlaps(a, cidr) && subnets.every((b, j) => overlaps(a, b) === (i === j)));
    });
  });
});

test("the layout of a /16 over three zones", () => {
  expect(layOut("10.0.0.0/16", 3)).toEqual({
    private: ["10.0.0.0/19", "10.0.32.0/19", "10.0.64.0/19"],
    public: ["10.0.128.0/21", "10.0.136.0/21", "10.0.144.0/21"],
    intra: ["10.0.160.0/21", "10.0.168.0/21", "10.0.176.0/21"],
  });
});

test("a /24 over four zones is used completely", () => {
  expect(layOut("192.168.7.0/24", 4)).toEqual({
    private: ["192.168.7.0/27", "192.168.7.32/27", "192.168.7.64/27", "192.168.7.96/27"],
    public: ["192.168.7.128/28", "192.168.7.144/28", "192.168.7.160/28", "192.168.7.176/28"],
    intra: ["192.168.7.192/28", "192.168.7.208/28", "192.168.7.224/28", "192.168.7.240/28"],
  });
});

test("two ranges overlap if they share an address", () => {
  fc.assert(
    fc.property(cidrs, cidrs, (a, b) => {
      const [one, other] = [block(a), block(b)];
      return overlaps(a, b) === (one.first < other.first + other.size && other.first < one.first + one.size);
    }),
    { numRuns: 2000 },
  );
  expect(overlaps("10.0.0.0/16", "10.0.255.0/24")).toBe(true);
  expect(overlaps("10.0.255.0/24", "10.0.0.0/16")).toBe(true);
  expect(overlaps("10.0.0.0/16", "10.1.0.0/16")).toBe(false);
  expect(overlaps("0.0.0.0/0", "10.1.0.0/16")).toBe(true);
});

test("a text that is not a range overlaps nothing", () => {
  fc.assert(fc.property(fc.string(), cidrs, (text, cidr) => !overlaps(text, cidr) && !overlaps(cidr, text)));
});

const owners = (cidr: string) =>
  `must be in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10 (got "${cidr}"): other addresses have owners, who could not be reached`;

test.each([
  ["10.0.0.0", ['must be an IPv4 range such as 10.0.0.0/16 (got "10.0.0.0")']],
  ["", ['must be an IPv4 range such as 10.0.0.0/16 (got "")']],
  ["10.0.0/16", ['must be an IPv4 range such as 10.0.0.0/16 (got "10.0.0/16")']],
  ["10.0.0.256/16", ['must be an IPv4 range such as 10.0.0.0/16 (got "10.0.0.256/16")']],
  ["010.0.0.0/16", ['must be an IPv4 range such as 10.0.0.0/16 (got "010.0.0.0/16")']],
  ["10.0.0.0/33", ['must be an IPv4 range such as 10.0.0.0/16 (got "10.0.0.0/33")']],
  ["fd00::/16", ['must be an IPv4 range such as 10.0.0.0/16 (got "fd00::/16")']],
  ["10.0.0.0/15", ['must be from /16, the most that AWS makes, to /24 (got "10.0.0.0/15"); make it smaller']],
  ["10.0.0.0/25", ['must be from /16 to /24, the least with room for all subnets (got "10.0.0.0/25"); make it larger']],
  ["10.0.1.0/16", ['must begin where a range of its size can (got "10.0.1.0/16"); did you mean 10.0.0.0/16?']],
  ["172.32.0.0/16", [owners("172.32.0.0/16")]],
  ["8.8.8.0/24", [owners("8.8.8.0/24")]],
  [
    "8.8.8.8/8",
    [
      'must be from /16, the most that AWS makes, to /24 (got "8.8.8.8/8"); make it smaller',
      'must begin where a range of its size can (got "8.8.8.8/8"); did you mean 8.0.0.0/8?',
      owners("8.8.8.8/8"),
    ],
  ],
])('the range "%s" is rejected with the rule and the value', (cidr, problems) => {
  expect(problemsWithCidr(cidr)).toEqual(problems);
});
