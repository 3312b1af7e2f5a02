import type { LookupAddress } from 'node:dns'
import { expect, test } from 'vitest'
import { guardedLookup, isPublicAddress } from './address-guard.ts'

test.each([
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.255',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '239.1.1.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '[::1]',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:10.0.0.1',
  '::FFFF:A9FE:A9FE',
  '0:0:0:0:0:ffff:c0a8:0001',
  '::ffff:0:0',
  '::ffff:0:127.0.0.1',
  '64:ff9b::10.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2001:20::1',
  '2002:7f00:1::',
  '3fff::1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '4000::1',
  'localhost',
  '',
  '127.1',
  '0x7f.0.0.1',
  '2130706433',
])('F10: %s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.1',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '[2606:4700:4700::1111]',
  '2001:4860:4860::8888',
  '2a00:1450::1',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
  '64:ff9b::8.8.8.8',
])('F10: %s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

const answer = (...addresses: LookupAddress[]) =>
  guardedLookup((_host, _options, callback) => callback(null, addresses))

test('F10: private addresses are left out of what DNS said', () => {
  const lookup = answer({ address: '10.0.0.1', family: 4 }, { address: '8.8.8.8', family: 4 })
  lookup('mixed.example', { all: true }, (error, addresses) => {
    expect(error).toBeNull()
    expect(addresses).toEqual([{ address: '8.8.8.8', family: 4 }])
  })
  lookup('mixed.example', {}, (error, address, family) => {
    expect([error, address, family]).toEqual([null, '8.8.8.8', 4])
  })
})

test('F10: a name with private addresses alone is refused', () => {
  answer({ address: '::ffff:10.0.0.1', family: 6 })('sneaky.example', {}, (error) => {
    expect(error).toMatchObject({ code: 'private-address', retry: false })
    expect(error?.message).toContain('sneaky.example')
  })
  answer()('empty.example', {}, (error) => expect(error).toMatchObject({ code: 'private-address' }))
})

test('a failing lookup fails as it did', () => {
  const boom = new Error('SERVFAIL')
  guardedLookup((_host, _options, callback) => callback(boom, []))('x.example', {}, (error) => {
    expect(error).toBe(boom)
  })
})
