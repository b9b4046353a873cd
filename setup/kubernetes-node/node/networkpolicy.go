package main

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"go4.org/netipx"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// policyChain is where packets between pods, and between pods and elsewhere, are judged. What the node itself sends, such
// as probes, does not come through it: Kubernetes wants that let in always.
const policyChain = "NETWORK-POLICY"

// settleTime is how long changes are gathered before the rules are written.
const settleTime = 50 * time.Millisecond

// retryTime is after what time rules are tried again that were not taken.
const retryTime = time.Second

// enforceNetworkPolicies keeps iptables at what the NetworkPolicies say, as the controller in k3s does. Every pod has a
// link of its own to the node (CNI's ptp), so all that it sends or gets is routed, and passes the chain FORWARD.
func enforceNetworkPolicies(ctx context.Context, client kubernetes.Interface) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces := factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	changed := make(chan struct{}, 1)
	notify := func(any) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: notify, UpdateFunc: func(_, o any) { notify(o) }, DeleteFunc: notify}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	written := ""
	var chains []string
	for {
		allPods, _ := pods.Lister().List(labels.Everything())
		allNamespaces, _ := namespaces.Lister().List(labels.Everything())
		allPolicies, _ := policies.Lister().List(labels.Everything())
		rules, used := policyRules(allPods, allNamespaces, allPolicies)
		if rules != written {
			if err := restoreIPTables(ctx, rules+withoutChains(chains, used)+"COMMIT\n"); err != nil {
				fmt.Fprintf(os.Stderr, "node: network policies: %v\n", err)
				time.AfterFunc(retryTime, func() { notify(nil) })
			} else {
				written, chains = rules, used
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			time.Sleep(settleTime)
		}
	}
}

// withoutChains deletes the chains of pods that are gone.
func withoutChains(before, used []string) string {
	var rules strings.Builder
	for _, chain := range before {
		if !slices.Contains(used, chain) {
			fmt.Fprintf(&rules, "-F %s\n-X %s\n", chain, chain)
		}
	}
	return rules.String()
}

func restoreIPTables(ctx context.Context, rules string) error {
	restore := exec.CommandContext(ctx, "iptables-restore", "--noflush", "--wait", "5")
	restore.Stdin = strings.NewReader(rules)
	if out, err := restore.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %s", err, out)
	}
	jump := []string{"FORWARD", "-j", policyChain}
	if exec.CommandContext(ctx, "iptables", append([]string{"--wait", "-C"}, jump...)...).Run() == nil {
		return nil
	}
	out, err := exec.CommandContext(ctx, "iptables", append([]string{"--wait", "-I"}, jump...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%v: %s", err, out)
	}
	return nil
}

// policyRules is what iptables-restore takes: a chain for every pod and direction that a policy isolates, which returns
// what is allowed and drops the rest; and the names of these chains.
func policyRules(pods []*corev1.Pod, namespaces []*corev1.Namespace, policies []*networkingv1.NetworkPolicy) (string, []string) {
	namespaceLabels := map[string]labels.Set{}
	for _, n := range namespaces {
		namespaceLabels[n.Name] = n.Labels
	}
	pods = slices.DeleteFunc(pods, func(p *corev1.Pod) bool {
		return p.Status.PodIP == "" || p.Spec.HostNetwork || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	})
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(a.Status.PodIP, b.Status.PodIP) })
	slices.SortFunc(policies, func(a, b *networkingv1.NetworkPolicy) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})

	var chains, jumps, rules bytes.Buffer
	var used []string
	for _, pod := range pods {
		for _, direction := range []networkingv1.PolicyType{networkingv1.PolicyTypeEgress, networkingv1.PolicyTypeIngress} {
			isolating := slices.DeleteFunc(slices.Clone(policies), func(p *networkingv1.NetworkPolicy) bool {
				return p.Namespace != pod.Namespace || !slices.Contains(p.Spec.PolicyTypes, direction) || !selects(&p.Spec.PodSelector, pod.Labels)
			})
			if len(isolating) == 0 {
				continue
			}
			hash := fnv.New32a()
			fmt.Fprintf(hash, "%s %s", pod.UID, direction)
			chain := fmt.Sprintf("NP-%s-%08x", strings.ToUpper(string(direction[:2])), hash.Sum32())
			own, other := "-s", "-d"
			if direction == networkingv1.PolicyTypeIngress {
				own, other = "-d", "-s"
			}
			used = append(used, chain)
			fmt.Fprintf(&chains, ":%s - [0:0]\n", chain)
			fmt.Fprintf(&jumps, "-A %s %s %s -j %s\n", policyChain, own, pod.Status.PodIP, chain)
			for _, policy := range isolating {
				for _, allowed := range allowedBy(policy, direction) {
					for _, address := range addresses(allowed.peers, policy.Namespace, pods, namespaceLabels) {
						for _, match := range portMatches(allowed.ports, pod, direction) {
							fmt.Fprintf(&rules, "-A %s%s%s -j RETURN\n", chain, prefixed(" "+other+" ", address), match)
						}
					}
				}
			}
			fmt.Fprintf(&rules, "-A %s -j DROP\n", chain)
		}
	}
	return fmt.Sprintf("*filter\n:%s - [0:0]\n%s-A %s -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN\n%s%s",
		policyChain, chains.String(), policyChain, jumps.String(), rules.String()), used
}

type allowance struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

func allowedBy(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) (all []allowance) {
	if direction == networkingv1.PolicyTypeIngress {
		for _, rule := range policy.Spec.Ingress {
			all = append(all, allowance{rule.From, rule.Ports})
		}
		return all
	}
	for _, rule := range policy.Spec.Egress {
		all = append(all, allowance{rule.To, rule.Ports})
	}
	return all
}

// addresses of peers; a single empty one stands for any.
func addresses(peers []networkingv1.NetworkPolicyPeer, namespace string, pods []*corev1.Pod, namespaceLabels map[string]labels.Set) (found []string) {
	if len(peers) == 0 {
		return []string{""}
	}
	for _, peer := range peers {
		if peer.IPBlock != nil {
			found = append(found, without(peer.IPBlock)...)
			continue
		}
		for _, pod := range pods {
			inNamespace := pod.Namespace == namespace
			if peer.NamespaceSelector != nil {
				inNamespace = selects(peer.NamespaceSelector, namespaceLabels[pod.Namespace])
			}
			if inNamespace && (peer.PodSelector == nil || selects(peer.PodSelector, pod.Labels)) {
				found = append(found, pod.Status.PodIP)
			}
		}
	}
	return found
}

// without is the range of a block without its exceptions, as ranges. Pods have IPv4 addresses only.
func without(block *networkingv1.IPBlock) (ranges []string) {
	var set netipx.IPSetBuilder
	if prefix, err := netip.ParsePrefix(block.CIDR); err == nil && prefix.Addr().Is4() {
		set.AddPrefix(prefix)
	}
	for _, except := range block.Except {
		if prefix, err := netip.ParsePrefix(except); err == nil {
			set.RemovePrefix(prefix)
		}
	}
	if left, err := set.IPSet(); err == nil {
		for _, prefix := range left.Prefixes() {
			ranges = append(ranges, prefix.String())
		}
	}
	return ranges
}

// portMatches are the matches of a rule's ports; a single empty one stands for any. A name is that of a port of the pod
// that is sent to, which on the way out may be any pod: there names are not looked up.
func portMatches(ports []networkingv1.NetworkPolicyPort, pod *corev1.Pod, direction networkingv1.PolicyType) (matches []string) {
	if len(ports) == 0 {
		return []string{""}
	}
	for _, port := range ports {
		protocol := "tcp"
		if port.Protocol != nil {
			protocol = strings.ToLower(string(*port.Protocol))
		}
		match := " -p " + protocol
		switch {
		case port.Port == nil:
		case port.Port.Type == intstr.Int && port.EndPort != nil:
			match += fmt.Sprintf(" --dport %d:%d", port.Port.IntVal, *port.EndPort)
		case port.Port.Type == intstr.Int:
			match += fmt.Sprintf(" --dport %d", port.Port.IntVal)
		default:
			number := containerPort(pod, port.Port.StrVal)
			if number == 0 || direction == networkingv1.PolicyTypeEgress {
				continue
			}
			match += fmt.Sprintf(" --dport %d", number)
		}
		matches = append(matches, match)
	}
	return matches
}

func containerPort(pod *corev1.Pod, name string) int32 {
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == name {
				return port.ContainerPort
			}
		}
	}
	return 0
}

func selects(selector *metav1.LabelSelector, set labels.Set) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(set)
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
