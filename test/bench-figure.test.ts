import { expect, test } from 'vitest'
import { missed } from '../bench/figure.ts'

const of = (value: number, target: string, peer = 1) => missed({ value, target, peers: { peer } })

test('the bench says which targets are not reached', () => {
  expect([of(27_999, '>= 28 k'), of(28_000, '>= 28 k')]).toEqual([true, false])
  expect([of(4_999, '>= 5,000 (OpenSSL >= 9,000)'), of(5_000, '>= 5,000 (OpenSSL >= 9,000)')]).toEqual([
    true,
    false,
  ])
  expect([of(119, '>= 12x Tap', 10), of(120, '>= 12x Tap', 10)]).toEqual([true, false])
  expect([
    of(200_000, '>= 150 k, >= 12x others', 20_000),
    of(149_000, '>= 150 k, >= 12x others', 10),
  ]).toEqual([true, true])
  expect([of(5.1, '<= 5 s, output type-checks'), of(5, '<= 5 s')]).toEqual([true, false])
  expect([
    of(89, '90 to 110: with 1 M'),
    of(100, '90 to 110: with 1 M'),
    of(111, '90 to 110: with 1 M'),
  ]).toEqual([true, false, true])
  expect(of(1, 'flat, 100 k events taken')).toBe(false)
})
