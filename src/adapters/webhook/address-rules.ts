import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * Where an address leads. `never`: services that hand out credentials to whoever asks from the machine, and what is no
 * address of one machine; nothing may be sent there, whatever the config says.
 */
export type AddressKind = 'public' | 'private' | 'loopback' | 'never'

function blocks(...ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/')
    list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6')
  }
  return list
}

const LOOPBACK = { ipv4: blocks('127.0.0.0/8'), ipv6: blocks('::1/128') }

const NEVER = {
  ipv4: blocks(
    '0.0.0.0/8',
    // Link-local, with the metadata service of most clouds; and of two more, elsewhere.
    '169.254.0.0/16',
    '100.100.100.200/32',
    '168.63.129.16/32',
    '192.0.0.192/32',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ),
  ipv6: blocks('::/128', 'fe80::/10', 'fec0::/10', 'fd00:ec2::254/128', 'fd20:ce::254/128', 'ff00::/8'),
}

const PRIVATE = {
  ipv4: blocks(
    '10.0.0.0/8',
    '100.64.0.0/10',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
  ),
  // Ranges that are for documentation or testing, within those that are public.
  ipv6: blocks('2001::/23', '2001:db8::/32', '3fff::/20'),
}

const GLOBAL = blocks('2000::/3')

/** `undefined`: this is no address. */
export function addressKind(address: string): AddressKind | undefined {
  if (isIPv4(address)) return kindOf4(address)
  // A zone names an interface of this machine.
  if (!isIPv6(address) || address.includes('%')) return isIPv6(address) ? 'never' : undefined
  const words = wordsOf(address)
  const inner = embedded(words)
  if (inner !== undefined) return inner === 'unknown' ? 'never' : kindOf4(inner)
  if (LOOPBACK.ipv6.check(address, 'ipv6')) return 'loopback'
  if (NEVER.ipv6.check(address, 'ipv6')) return 'never'
  const isPublic = GLOBAL.check(address, 'ipv6') && !PRIVATE.ipv6.check(address, 'ipv6')
  return isPublic ? 'public' : 'private'
}

function kindOf4(address: string): AddressKind {
  if (LOOPBACK.ipv4.check(address)) return 'loopback'
  if (NEVER.ipv4.check(address)) return 'never'
  return PRIVATE.ipv4.check(address) ? 'private' : 'public'
}

/** The address of the fourth version that one of the sixth leads to; `unknown` where a gateway decides which. */
function embedded(words: readonly number[]): string | undefined {
  const starts = (...prefix: readonly number[]): boolean => prefix.every((word, index) => words[index] === word)
  const at = (index: number): string => {
    const [high = 0, low = 0] = words.slice(index, index + 2)
    return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  }
  // Mapped, translated (SIIT), and through NAT64 and 6to4.
  if (starts(0, 0, 0, 0, 0, 0xffff) || starts(0, 0, 0, 0, 0xffff, 0)) return at(6)
  if (starts(0x64, 0xff9b, 0, 0, 0, 0)) return at(6)
  if (starts(0x2002)) return at(1)
  // The local prefix of NAT64 is split up as its owner likes, and Teredo names a server as well.
  if (starts(0x64, 0xff9b, 1) || starts(0x2001, 0)) return 'unknown'
  // `::a.b.c.d`, long out of use; `::` and `::1` are none.
  const compatible = starts(0, 0, 0, 0, 0, 0) && (words[6] !== 0 || (words[7] ?? 0) > 1)
  return compatible ? at(6) : undefined
}

/** The eight parts of an address. */
function wordsOf(address: string): readonly number[] {
  // The URL parser writes out what is dotted.
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = plain.split('::')
  const numbers = (part: string): readonly number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16))
  const [first, last] = [numbers(head), numbers(tail ?? '')]
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last]
}
