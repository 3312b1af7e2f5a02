/**
 * A question that may take long: asked once at a time, and the answer stands for twenty times as long as
 * it took. Quick answers are always fresh.
 */
export function expensive<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null
  return () => {
    if (answer !== null) return answer
    const began = performance.now()
    const asked = ask().finally(() => {
      const took = performance.now() - began
      if (took < 20) answer = null
      else setTimeout(() => (answer = null), took * 20).unref()
    })
    answer = asked
    return asked
  }
}
