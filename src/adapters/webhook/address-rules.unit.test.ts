import { describe, expect, it } from 'vitest'
import { addressKind } from './address-rules.js'

const KINDS = {
  public: [
    '8.8.8.8',
    '100.63.255.255',
    '172.32.0.1',
    '2606:4700::1111',
    '64:ff9b::808:808',
    '::ffff:8.8.8.8',
    '2002:808:808::',
  ],
  private: [
    '10.0.0.1',
    '100.64.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '192.0.2.1',
    '198.19.0.1',
    '203.0.113.9',
    'fc00::1',
    'fd12:3456::1',
    '2001:db8::1',
    '3fff::1',
    '64:ff9b::a00:1',
    '::ffff:10.0.0.1',
    '::ffff:0:10.0.0.1',
    '2002:c0a8:101::',
    '::10.0.0.1',
    '100::1',
  ],
  loopback: [
    '127.0.0.1',
    '127.255.0.9',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ],
  never: [
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
    '::',
    'fe80::1',
    'fe80::1%lo',
    'fec0::1',
    'ff02::1',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    '2002:a9fe:a9fe::',
  ],
} as const

describe('where an address leads', () => {
  for (const [kind, addresses] of Object.entries(KINDS)) {
    it.each(addresses)(`%s: ${kind}`, (address) => {
      expect(addressKind(address)).toBe(kind)
    })
  }

  it.each(['localhost', 'example.com', '1.2.3', '127.1', '0x7f.0.0.1', '1.2.3.4.5', 'g::1', ''])(
    '%j is no address',
    (text) => {
      expect(addressKind(text)).toBeUndefined()
    },
  )
})
