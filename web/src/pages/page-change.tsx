import { type RefObject, useEffect, useRef } from 'react';
import { useLocation } from 'react-router';

/** Names the document after its page's heading, wherever that comes from and whenever it is there. */
export function useTitle(main: RefObject<HTMLElement | null>, merchant: string | undefined): void {
  useEffect(() => {
    const element = main.current;
    if (!element) return;
    const name = () => {
      const heading = element.querySelector('h1')?.textContent?.trim();
      document.title = [heading, merchant, 'Hookyard'].filter(Boolean).join(' · ');
    };
    name();
    const watch = new MutationObserver(name);
    watch.observe(element, { childList: true, subtree: true, characterData: true });
    return () => watch.disconnect();
  }, [main, merchant]);
}

/** On another page, reading and tabbing begin at its top; a field that the page itself has chosen keeps the focus. */
export function useFocusOnChange(main: RefObject<HTMLElement | null>): void {
  const { pathname } = useLocation();
  const last = useRef(pathname);
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    if (!main.current?.contains(document.activeElement)) main.current?.focus({ preventScroll: true });
  }, [main, pathname]);
}
