// The two client libraries behind one small face: connect, a page in a context of its own, leave.
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { scenarios as playwrightScenarios } from '../scenarios/playwright.js';
import { scenarios as puppeteerScenarios } from '../scenarios/puppeteer.js';

export const CLIENTS = {
  puppeteer: {
    scenarios: puppeteerScenarios,
    connect: place => puppeteer.connect({ browserWSEndpoint: place.ws }),
    openContext: browser => browser.createBrowserContext(),
    leave: browser => browser.disconnect(),
  },
  playwright: {
    scenarios: playwrightScenarios,
    connect: place => chromium.connectOverCDP(place.http),
    openContext: browser => browser.newContext(),
    leave: browser => browser.close(),
  },
};
