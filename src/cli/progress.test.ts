import { expect, test } from 'vitest'
import { ProgressLine } from './progress.ts'

const screen = (isTTY: boolean, columns = 40) => {
  const written: string[] = []
  return { written, isTTY, columns, write: (text: string) => void written.push(text) }
}
const CLEAR = '\r\u001b[K'

test('on a terminal the line is written over, and only when it changed', () => {
  const tty = screen(true)
  const line = new ProgressLine(tty, () => expect.unreachable())
  line.update('one')
  line.update('one')
  line.update('two')
  line.end()
  expect(tty.written).toEqual([`${CLEAR}one`, `${CLEAR}two`, '\n'])
})

test('log lines appear above the line, which is drawn again', () => {
  const tty = screen(true)
  const line = new ProgressLine(tty, () => {})
  line.write('first\n')
  line.update('progress')
  line.write('second\n')
  expect(tty.written).toEqual(['first\n', `${CLEAR}progress`, `${CLEAR}second\nprogress`])
})

test('a line wider than the terminal is cut, so that it can be cleared again', () => {
  const tty = screen(true, 10)
  new ProgressLine(tty, () => {}).update('\u001b[1m0123456789abc\u001b[22m')
  expect(tty.written).toEqual([`${CLEAR}01234567…`])
})

test('without a terminal it is logged when it changed, at most every so often', () => {
  const pipe = screen(false)
  const said: string[] = []
  const line = new ProgressLine(pipe, (text) => said.push(text), 1000)
  line.update('a', 0)
  line.update('b', 500)
  line.update('c', 1000)
  line.update('c', 5000)
  line.update('d', 5001)
  line.end()
  expect(said).toEqual(['a', 'c', 'd'])
  expect(pipe.written).toEqual([])
})
