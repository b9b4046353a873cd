module dev.slipway/vulnerable-app

go 1.24.0

// The version has GO-2021-0113, which only language.Parse and some others reach.
require golang.org/x/text v0.3.5
