// How requests are verified, in ten languages. Each is a file of real source; here it is fitted to an endpoint.

import csharp from './Verify.cs?raw';
import java from './Verify.java?raw';
import elixir from './verify.ex?raw';
import go from './verify.go?raw';
import javascript from './verify.js?raw';
import php from './verify.php?raw';
import python from './verify.py?raw';
import ruby from './verify.rb?raw';
import rust from './verify.rs?raw';
import typescript from './verify.ts?raw';
import { type Place, fitted } from './fitted';

const SOURCES = {
  JavaScript: javascript,
  TypeScript: typescript,
  Python: python,
  PHP: php,
  Ruby: ruby,
  Go: go,
  Rust: rust,
  Java: java,
  'C#': csharp,
  Elixir: elixir,
};

export type Language = keyof typeof SOURCES;
export const LANGUAGES = Object.keys(SOURCES) as Language[];

/** The source of a language for an endpoint. */
export function snippet(language: Language, place: Place): string {
  return fitted(SOURCES[language], place);
}
