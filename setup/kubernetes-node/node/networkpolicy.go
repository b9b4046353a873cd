package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	kuberouter "github.com/cloudnativelabs/kube-router/v2/pkg/options"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// enforceNetworkPolicies runs kube-router's network policy controller until ctx is done. Like k3s, it does nothing if the
// kernel does not support ipset. The controller ends this process if a later command of iptables or ipset fails.
func (o *options) enforceNetworkPolicies(ctx context.Context, client kubernetes.Interface) error {
	// The controller reads the node's address only once. After a restart, the Node may still have the previous address.
	address := corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: o.nodeIP}
	hasAddress := func(node *corev1.Node) bool { return slices.Contains(node.Status.Addresses, address) }
	if err := waitForNode(ctx, client, o.nodeName, hasAddress); err != nil {
		return nil
	}

	config := kuberouter.NewKubeRouterConfig()
	config.ClusterIPCIDRs = []string{o.serviceCIDR}
	config.EnableIPv4 = true
	config.HostnameOverride = o.nodeName
	iptables, ipsets, err := netpol.NewIPTablesHandlers(config)
	if err != nil {
		return err
	}
	if err := ipsets[corev1.IPv4Protocol].Save(); err != nil {
		fmt.Fprintf(os.Stderr, "node: NetworkPolicies are not enforced, because ipset does not work: %v\n", err)
		return nil
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces := factory.Core().V1().Pods().Informer(), factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	controller, err := netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &sync.Mutex{}, iptables, ipsets)
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods:       controller.PodEventHandler,
		namespaces: controller.NamespaceEventHandler,
		policies:   controller.NetworkPolicyEventHandler,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}

	// The controller blocks until its heartbeats are received.
	heartbeats := make(chan *healthcheck.ControllerHeartbeat)
	go func() {
		for range heartbeats {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	controller.Run(heartbeats, ctx.Done(), &running)
	running.Wait()
	return nil
}
