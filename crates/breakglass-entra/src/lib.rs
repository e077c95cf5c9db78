//! Microsoft Graph and Azure Resource Manager over HTTPS: sign-in, paging, throttling budgets, retries.
