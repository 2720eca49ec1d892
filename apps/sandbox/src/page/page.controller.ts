import { readFile } from 'node:fs/promises';
import { Controller, Get, Header } from '@nestjs/common';

/** Beside `src` and `dist`: what the browser gets is not compiled. */
const FOLDER = new URL('../../page/', import.meta.url);
/** The page needs nothing from elsewhere, and nobody may frame its buttons. */
const POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A page to click records, and to watch their webhooks go. */
@Controller()
export class PageController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', POLICY)
  @Header('x-content-type-options', 'nosniff')
  html(): Promise<string> {
    return readFile(new URL('page.html', FOLDER), 'utf8');
  }

  @Get('page.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('x-content-type-options', 'nosniff')
  script(): Promise<string> {
    return readFile(new URL('page.js', FOLDER), 'utf8');
  }

  @Get('page.css')
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('x-content-type-options', 'nosniff')
  style(): Promise<string> {
    return readFile(new URL('page.css', FOLDER), 'utf8');
  }
}
