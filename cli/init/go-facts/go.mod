module slipway.dev/go-facts

go 1.24
