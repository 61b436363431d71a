/** The mark of Parley: a large picture over a row of small ones. */
export function Logo() {
  return <img class="logo" src="/icon.svg" alt="" width="32" height="32" />
}
